extension Schedule {
    /// How many stuck ranks an excerpt shows.
    private static let drawn = 8

    func deadlock(
        _ lowered: LoweredSchedule, at positions: [Int], _ ranks: [Int], queueDepths: [Int]
    ) -> ScheduleError {
        var marks: [(rank: Int, position: Int)] = []
        let stuck = ranks.map { rank in
            let operations = lowered.ranks[rank].operations
            let done = operations[..<positions[rank]].count { if case .compute = $0 { true } else { false } }
            let wait = Self.wait(operations[positions[rank]], computed: done, lowered.links)
            marks.append((rank, wait.position))
            return ScheduleError.StuckRank(
                rank: rank, instruction: self.ranks[rank][wait.position], message: wait.message,
                edge: lowered.edges[wait.message.edge], wait: wait.wait)
        }
        return .deadlock(
            ScheduleError.Deadlock(
                queueDepth: queueDepths.max() ?? 1, stuck: stuck,
                excerpt: excerpt(marks: Array(marks.prefix(Self.drawn)), neighbours: 0)))
    }

    /// What a rank waits for that has computed so many instructions: for the next one, or with the last one's result.
    private static func wait(
        _ operation: Operation, computed: Int, _ links: [Link]
    ) -> (message: Message, position: Int, wait: ScheduleError.StuckRank.Wait) {
        switch operation {
        case .receive(let message): (message, computed, .receive(from: links[message.link].from))
        case .send(let message): (message, computed - 1, .send(to: links[message.link].to))
        case .compute, .reduce, .gather: preconditionFailure("computing never blocks")
        }
    }
}
