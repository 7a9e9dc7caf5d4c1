package import Transport

/// What every rank was at when a run broke, and whom all of them wait for in the end. Pure: made of what was heard.
package struct Diagnosis: Sendable {
    /// Whether a rank can still do anything.
    package enum Condition: Hashable, Sendable {
        case alive
        /// By a signal.
        case stopped
        /// No heartbeat came for too long.
        case silent
        /// Its process ended, or its connection.
        case ended
    }

    /// What is known of one rank.
    package struct Rank: Sendable {
        package var device: String
        package var condition: Condition
        /// What its last heartbeat said; nil: there was none.
        package var status: WorkerStatus?
        /// Seconds since it made progress.
        package var stalled: Double?
        /// Seconds since it was heard of.
        package var heard: Double?

        package init(
            device: String, condition: Condition = .alive, status: WorkerStatus? = nil, stalled: Double? = nil,
            heard: Double? = nil
        ) {
            self.device = device
            self.condition = condition
            self.status = status
            self.stalled = stalled
            self.heard = heard
        }
    }

    /// Whom all wait for in the end.
    package enum Cause: Hashable, Sendable {
        /// A rank that waits for nobody.
        case rank(Int)
        /// Each waits for the next, and the last for the first.
        case cycle([Int])
        /// So many messages, or credits of messages, left one end and did not arrive at the other.
        case link(from: Int, to: Int, missing: UInt64)
        /// All wait for it.
        case coordinator
    }

    package let ranks: [Rank]
    package let names: InstructionNames

    package init(_ ranks: [Rank], _ names: InstructionNames) {
        self.ranks = ranks
        self.names = names
    }

    /// What most ranks' waits lead to; of equals, what the lowest rank's do.
    package var cause: Cause {
        let causes = ranks.indices.map(cause)
        var counts: [Cause: Int] = [:]
        for cause in causes { counts[cause, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        return causes.first { counts[$0] == most } ?? .coordinator
    }

    private func cause(from start: Int) -> Cause {
        var path = [start]
        while true {
            let last = path[path.count - 1]
            guard let next = awaited(by: last).first else { return waitsForAll(last) ? .coordinator : .rank(last) }
            if let lost = undelivered(between: last, and: next) { return lost }
            if let begin = path.firstIndex(of: next) {
                // The same for whoever comes upon it.
                let cycle = path[begin...]
                let lowest = cycle.firstIndex(of: cycle.min() ?? next) ?? begin
                return .cycle(Array(cycle[lowest...] + cycle[..<lowest]))
            }
            path.append(next)
        }
    }

    /// The ranks without which this one does not go on; none where it does not wait.
    package func awaited(by rank: Int) -> [Int] {
        guard ranks[rank].condition == .alive, let status = ranks[rank].status else { return [] }
        switch status.phase {
        case .receiving(let other, _), .sending(let other): return ranks.indices.contains(other) ? [other] : []
        case .coordinated:
            // It answers once all ranks have told it of the step.
            return ranks.indices.filter { !waitsForAll($0) || (ranks[$0].status?.step ?? 0) < status.step }
        case .starting, .computing, .saving, .reading: return []
        }
    }

    private func waitsForAll(_ rank: Int) -> Bool {
        ranks[rank].condition == .alive && ranks[rank].status?.phase == .coordinated
    }

    /// Whether what one rank waits for left the other, and did not arrive.
    private func undelivered(between rank: Int, and other: Int) -> Cause? {
        guard ranks[other].condition == .alive, let status = ranks[rank].status else { return nil }
        switch status.phase {
        case .receiving:
            guard let left = link(of: other, to: rank, isOutgoing: true),
                let came = link(
                    of: rank, to: other, isOutgoing: false), left.moved > came.moved
            else { return nil }
            return .link(from: other, to: rank, missing: left.moved - came.moved)
        case .sending:
            guard let own = link(of: rank, to: other, isOutgoing: true),
                let far = link(
                    of: other, to: rank, isOutgoing: false)
            else { return nil }
            if own.moved > far.moved { return .link(from: rank, to: other, missing: own.moved - far.moved) }
            guard own.credit == 0, far.credited > own.credited else { return nil }
            return .link(from: other, to: rank, missing: far.credited - own.credited)
        default: return nil
        }
    }

    private func link(of rank: Int, to peer: Int, isOutgoing: Bool) -> LinkStatus? {
        ranks[rank].status?.links.first { $0.peer == peer && $0.isOutgoing == isOutgoing }
    }

    /// The link that a rank waits at.
    package func awaitedLink(of rank: Int) -> LinkStatus? {
        switch ranks[rank].status?.phase {
        case .receiving(let peer, _): link(of: rank, to: peer, isOutgoing: false)
        case .sending(let peer): link(of: rank, to: peer, isOutgoing: true)
        default: nil
        }
    }
}
