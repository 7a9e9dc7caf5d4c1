public import Runs

/// What `echelon top` shows: what each rank does, and what the links carry.
public struct TopView: Sendable {
    /// The newest status of the run.
    public var status: LiveStatus
    /// What the links carried in the last steps; empty: no such table.
    public var links: [LinkTraffic]

    /// The view of one instant.
    public init(_ status: LiveStatus, links: [LinkTraffic] = []) {
        self.status = status
        self.links = links
    }

    /// - Parameters:
    ///   - width: columns; longer lines are cut off.
    ///   - height: lines; where ranks and links are more, the links waited for longest are shown.
    ///   - now: seconds since 1970, from which the status's age is counted.
    public func text(width: Int = .max, height: Int = .max, now: Double = LiveStatus.now) -> String {
        let head = self.head(now: now)
        let ranks = rankTable
        // The captions above the links: an empty line and the columns' names.
        let room = max(4, height - head.count - 1 - (links.isEmpty ? 0 : 2))
        let (rankRoom, linkRoom) = Self.split(room, ranks.count - 1, links.count)
        var lines = head + [ranks[0]] + Self.first(rankRoom, of: Array(ranks.dropFirst()), "ranks")
        if !links.isEmpty { lines += [""] + linkTable(room: linkRoom) }
        return lines.map { String($0.prefix(width)) }.joined(separator: "\n")
    }

    // MARK: Lines

    private func head(now: Double) -> [String] {
        let age = status.age(now: now)
        let note =
            switch status.state {
            case .starting, .running: status.isSilent(now: now) ? ", last heard of \(age) s ago" : ""
            case .gone: ": live.json is \(age) s old, and nobody holds the run's lock"
            case .done, .failed: ""
            }
        var lines = ["\(status.name): \(word)\(note)"]
        if let metrics = status.metrics { lines.append(ProgressLine(metrics, of: status.steps).plain) }
        return lines + [""]
    }

    private var word: String {
        switch status.state {
        case .starting, .running, .done: status.state.rawValue
        case .failed: "ended early"
        case .gone: "not running"
        }
    }

    private var rankTable: [String] {
        let device = max(6, status.ranks.map(\.device.count).max() ?? 0)
        let head = "rank  " + "device".padded(to: device) + "   bubble     memory  at"
        return [head]
            + status.ranks.map { rank in
                let bubble = rank.bubbleFraction.map { Format.percent($0) } ?? "–"
                let memory = rank.peakBytes == 0 ? "–" : Format.bytes(Double(rank.peakBytes))
                let place = rank.instruction.isEmpty ? "" : "step \(rank.step)  \(rank.instruction)  "
                return "\(rank.rank)".aligned(to: 4) + "  " + rank.device.padded(to: device) + "  "
                    + bubble.aligned(to: 7) + "  " + memory.aligned(to: 9) + "  " + place + rank.phase
            }
    }

    private func linkTable(room: Int) -> [String] {
        let shown = links.count <= room ? links.count : max(0, room - 1)
        let chosen = links.indices.sorted { (links[$1].waitedMs, $0) < (links[$0].waitedMs, $1) }.prefix(shown).sorted()
        let rows = chosen.map { index in
            let link = links[index]
            return "\(link.from) → \(link.to)".padded(to: 11)
                + Format.fixed(link.messagesPerStep, 0).aligned(to: 8) + Format.bytes(link.bytesPerStep).aligned(to: 12)
                + Format.mebibytes(perSecond: link.mbPerS).aligned(to: 10)
                + Format.milliseconds(link.waitedMs).aligned(to: 10)
        }
        let rest = links.count - shown
        return ["link       messages  bytes/step     MiB/s   ms waited, a step"] + rows
            + (rest == 0 ? [] : ["… and \(rest) links that were waited for less"])
    }

    // MARK: Room

    private static func first(_ room: Int, of rows: [String], _ noun: String) -> [String] {
        guard rows.count > room else { return rows }
        let shown = max(0, room - 1)
        return rows.prefix(shown) + ["… and \(rows.count - shown) more \(noun)"]
    }

    /// Half of the room for each, and what one does not need for the other.
    private static func split(_ room: Int, _ ranks: Int, _ links: Int) -> (ranks: Int, links: Int) {
        let forRanks = min(ranks, max(room / 2, room - min(room, links)))
        return (forRanks, room - forRanks)
    }
}
