extension Schedule {
    /// Derives sends, receives and activation slots.
    ///
    /// A rank sends directly after the instruction that makes a message and receives directly before the one that needs
    /// it, or earlier where the link delivers it before a message that is needed first. Several messages of one
    /// instruction go in the order of `edges`. Edges between stages of one rank are no messages. Throws when an
    /// instruction is missing, repeated, misplaced or too early, and when an edge does not fit; costs O(instructions ×
    /// edges per stage).
    ///
    /// - Parameter exchanges: pairs of ranks that exchange something when their instructions are done (tied parameters'
    ///   gradients): each has a link, shared with its messages if it has any.
    /// - Parameter hasReplicas: whether other copies of the pipeline work on other parts of the step: then each stage's
    ///   gradients are added to theirs.
    public func lower(
        edges: [Edge], exchanges: [Link] = [], hasReplicas: Bool = false
    ) throws(ScheduleError) -> LoweredSchedule {
        try checkOrder(edges: edges)
        let routes = Routes(self, edges: edges)
        var links = routes.links
        for link in exchanges where !links.contains(link) { links.append(link) }
        var deliveries = Deliveries(self, routes)
        var slots = SlotColouring(self, edges: edges)
        var programs = ranks.map { Self.program($0, edges, &deliveries, &slots) }
        if hasReplicas, !isForwardOnly {
            for rank in programs.indices { programs[rank].operations = Self.reducing(programs[rank].operations) }
        }
        return LoweredSchedule(
            edges: edges, links: links, ranks: programs, colouring: slots,
            microBatches: microBatches)
    }

    /// Throws when an instruction is missing, repeated, misplaced or too early, and when an edge does not fit.
    func checkOrder(edges: [Edge]) throws(ScheduleError) {
        try check(edges, try Cells(checking: self))
    }

    private static func program(
        _ instructions: [Instruction], _ edges: [Edge], _ deliveries: inout Deliveries, _ slots: inout SlotColouring
    ) -> RankProgram {
        var operations: [Operation] = []
        operations.reserveCapacity(instructions.count * 3)
        for instruction in instructions {
            deliveries.forEachReceive(for: instruction) { message in
                operations.append(.receive(message))
                guard message.direction == .forward else { return }
                slots.reserve(stage: edges[message.edge].to, microBatch: message.microBatch)
            }
            operations.append(.compute(instruction, slot: slots.slot(of: instruction)))
            deliveries.forEachSend(of: instruction) { operations.append(.send($0)) }
        }
        return RankProgram(operations: operations)
    }

    /// The same with an `R` behind each stage's last pass that adds to its gradients, and the `G` of all at the end.
    private static func reducing(_ operations: [Operation]) -> [Operation] {
        var last: [Int: Int] = [:]
        for (index, operation) in operations.enumerated() {
            guard case .compute(let instruction, _) = operation else { continue }
            if instruction.pass == .backward || instruction.pass == .backwardWeight { last[instruction.stage] = index }
        }
        var result: [Operation] = []
        for (index, operation) in operations.enumerated() {
            result.append(operation)
            if case .compute(let instruction, _) = operation, last[instruction.stage] == index {
                result.append(.reduce(stage: instruction.stage))
            }
        }
        return result + last.sorted { $0.value < $1.value }.map { .gather(stage: $0.key) }
    }

    private func check(_ edges: [Edge], _ cells: Cells) throws(ScheduleError) {
        for edge in edges {
            guard edge.from >= 0, edge.from < edge.to, edge.to < stageCount else {
                throw .edge(edge, expected: "0 ≤ from < to < \(stageCount) stages", got: "\(edge.from) → \(edge.to)")
            }
            guard rankOfStage[edge.from] == rankOfStage[edge.to] else { continue }
            try checkOrder(edge, onOneRank: cells)
        }
    }

    private func checkOrder(_ edge: Edge, onOneRank cells: Cells) throws(ScheduleError) {
        let rank = rankOfStage[edge.from]
        for microBatch in 0..<microBatches {
            let needs = cells.forward(edge.to, microBatch)
            let makes = cells.forward(edge.from, microBatch)
            guard makes < needs else { throw tooEarly(rank: rank, needs, waitsFor: makes) }
            guard edge.carriesGradient, !isForwardOnly else { continue }
            let needsGradient = cells.backward(edge.from, microBatch)
            let makesGradient = cells.backward(edge.to, microBatch)
            guard makesGradient < needsGradient else {
                throw tooEarly(rank: rank, needsGradient, waitsFor: makesGradient)
            }
        }
    }

    private func tooEarly(rank: Int, _ position: Int, waitsFor maker: Int) -> ScheduleError {
        invalid(
            rank: rank, position: position, expected: "\(ranks[rank][maker]) before \(ranks[rank][position])",
            got: "it at instruction \(maker)")
    }
}
