extension LoweredSchedule {
    /// Each link's receives are its sends, in the same order, at the ranks that the link joins.
    func checkPairing() throws(ScheduleError) {
        let sends = try messages(at: \.from) { if case .send(let message) = $0 { message } else { nil } }
        let receives = try messages(at: \.to) { if case .receive(let message) = $0 { message } else { nil } }
        for (sent, received) in zip(sends, receives) { try check(sent, received) }
    }

    /// By link, what the given end of it does, in program order.
    private func messages(
        at end: KeyPath<Link, Int>, _ message: (Operation) -> Message?
    ) throws(ScheduleError) -> [[Message]] {
        var messages = [[Message]](repeating: [], count: links.count)
        for (rank, program) in ranks.enumerated() {
            for case .some(let message) in program.operations.lazy.map(message) {
                guard links[message.link][keyPath: end] == rank else {
                    throw unpaired(message, got: "it on rank \(rank)")
                }
                messages[message.link].append(message)
            }
        }
        return messages
    }

    private func check(_ sends: [Message], _ receives: [Message]) throws(ScheduleError) {
        for (index, sent) in sends.enumerated() {
            guard index < receives.count else { throw unpaired(sent, got: "no receive") }
            let received = receives[index]
            guard sent == received, sent.sequence == index else {
                throw unpaired(sent, got: "\(edges[received.edge]), micro-batch \(received.microBatch), received")
            }
        }
        if receives.count > sends.count { throw unpaired(receives[sends.count], got: "no send") }
    }

    private func unpaired(_ message: Message, got: String) -> ScheduleError {
        .edge(
            edges[message.edge],
            expected: "message \(message.sequence) (micro-batch \(message.microBatch)) sent and received once on "
                + "\(links[message.link])", got: got)
    }
}
