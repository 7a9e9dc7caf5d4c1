extension LoweredSchedule {
    /// Behind each stage's last pass that adds to its gradients there is one `R`, and behind that one `G`; or there are none
    /// at all.
    package func checkReductions() throws(ScheduleError) {
        for (rank, program) in ranks.enumerated() {
            var (last, reduced, gathered): ([Int: Int], [Int: Int], [Int: Int]) = ([:], [:], [:])
            for (index, operation) in program.operations.enumerated() {
                switch operation {
                case .compute(let instruction, _):
                    if instruction.pass == .backward || instruction.pass == .backwardWeight {
                        last[instruction.stage] = index
                    }
                case .reduce(let stage):
                    guard reduced.updateValue(index, forKey: stage) == nil else { throw twice("R", stage, rank) }
                case .gather(let stage):
                    guard gathered.updateValue(index, forKey: stage) == nil else { throw twice("G", stage, rank) }
                case .receive, .send: break
                }
            }
            guard !reduced.isEmpty || !gathered.isEmpty else { continue }
            for (stage, end) in last.sorted(by: { $0.key < $1.key }) {
                guard let reduce = reduced[stage], let gather = gathered[stage], end < reduce, reduce < gather else {
                    throw .argument(
                        "rank \(rank)",
                        expected: "R and G of stage \(stage) behind its last backward pass, in this order",
                        got: "them at \(reduced[stage].map(String.init) ?? "no place") and "
                            + "\(gathered[stage].map(String.init) ?? "no place"), the pass at \(end)")
                }
            }
        }
    }

    private func twice(_ what: String, _ stage: Int, _ rank: Int) -> ScheduleError {
        .argument("rank \(rank)", expected: "one \(what) of stage \(stage)", got: "a second one")
    }

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
