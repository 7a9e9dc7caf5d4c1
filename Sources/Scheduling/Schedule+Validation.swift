extension Schedule {
    /// Proves that a step of this schedule can run (law 3).
    ///
    /// Every stage has each micro-batch's F once, and its B or its I and W once, on the rank that owns it; I and B
    /// follow F, and W follows I; no stage holds more micro-batches than `maximumInFlight` (by stage) allows; every send
    /// has its receive, in the same order; and no ranks wait for one another for ever where each link holds at most
    /// `queueDepth` undelivered messages. Costs O(instructions × edges per stage).
    public func validate(
        edges: [Edge], queueDepth: Int, maximumInFlight: [Int]? = nil
    ) throws(ScheduleError) {
        let lowered = try lower(edges: edges)
        if let maximumInFlight { try check(inFlight: maximumInFlight) }
        try lowered.checkPairing()
        _ = try run(
            lowered, times: .units(stages: stageCount), links: [LinkTime](repeating: .free, count: edges.count),
            queueDepth: queueDepth)
    }

    /// The smallest queue depth at which no ranks wait for one another for ever; nil where none helps.
    public func smallestQueueDepth(edges: [Edge]) throws(ScheduleError) -> Int? {
        let lowered = try lower(edges: edges)
        var range = 1...max(lowered.messagesOfLink.max() ?? 1, 1)
        guard runs(lowered, queueDepth: range.upperBound) else { return nil }
        while range.count > 1 {
            let middle = (range.lowerBound + range.upperBound) / 2
            range = runs(lowered, queueDepth: middle) ? range.lowerBound...middle : (middle + 1)...range.upperBound
        }
        return range.lowerBound
    }

    private func runs(_ lowered: LoweredSchedule, queueDepth: Int) -> Bool {
        let execution = Execution(
            lowered, times: .units(stages: stageCount),
            linkTimes: [LinkTime](repeating: .free, count: lowered.edges.count), queueDepth: queueDepth)
        return lowered.ranks.indices.allSatisfy { execution.isDone($0) }
    }

    private func check(inFlight maximum: [Int]) throws(ScheduleError) {
        guard maximum.count == stageCount else {
            throw .argument("in-flight bound", expected: "\(stageCount) stages", got: "\(maximum.count)")
        }
        for (stage, bound) in maximum.enumerated() {
            guard let position = firstForward(of: stage, beyond: bound) else { continue }
            throw invalid(
                rank: rankOfStage[stage], position: position,
                expected: "at most \(bound) micro-batches in flight on stage \(stage)", got: "\(bound + 1)")
        }
    }

    private func firstForward(of stage: Int, beyond bound: Int) -> Int? {
        var held = 0
        return ranks[rankOfStage[stage]].firstIndex { instruction in
            guard instruction.stage == stage else { return false }
            switch instruction.pass {
            case .forward: held += 1
            case .backward, .backwardWeight: held -= 1
            case .backwardInput: break
            }
            return held > bound
        }
    }
}

extension LoweredSchedule {
    /// Each link's receives are its sends, in the same order.
    func checkPairing() throws(ScheduleError) {
        var sends = [[Message]](repeating: [], count: links.count)
        var receives = sends
        for (rank, program) in ranks.enumerated() {
            for operation in program.operations {
                switch operation {
                case .send(let message) where links[message.link].from == rank: sends[message.link].append(message)
                case .receive(let message) where links[message.link].to == rank:
                    receives[message.link].append(message)
                case .compute: break
                case .send(let message), .receive(let message):
                    throw unpaired(message, got: "it on rank \(rank)")
                }
            }
        }
        for link in links.indices {
            for index in 0..<max(sends[link].count, receives[link].count) {
                guard index < sends[link].count else { throw unpaired(receives[link][index], got: "no send") }
                guard index < receives[link].count else { throw unpaired(sends[link][index], got: "no receive") }
                let (sent, received) = (sends[link][index], receives[link][index])
                guard sent == received, sent.sequence == index else {
                    throw unpaired(sent, got: "\(edges[received.edge]), micro-batch \(received.microBatch)")
                }
            }
        }
    }

    private func unpaired(_ message: Message, got: String) -> ScheduleError {
        .edge(
            edges[message.edge],
            expected: "message \(message.sequence) (micro-batch \(message.microBatch)) sent and received once on "
                + "\(links[message.link])", got: got)
    }
}
