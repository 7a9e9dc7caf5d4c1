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
        let simulator = try Simulator(self, edges: edges)
        let depths = simulator.uniform(try Self.checked(queueDepth))
        try validate(simulator, queueDepths: depths, maximumInFlight: maximumInFlight)
    }

    /// The same where each link, in the order of `LoweredSchedule.links`, has its own depth.
    public func validate(
        edges: [Edge], queueDepths: [Int], maximumInFlight: [Int]? = nil
    ) throws(ScheduleError) {
        try validate(try Simulator(self, edges: edges), queueDepths: queueDepths, maximumInFlight: maximumInFlight)
    }

    /// The smallest queue depth of at least `least` at which no ranks wait for one another for ever; nil where none helps.
    public func smallestQueueDepth(edges: [Edge], atLeast least: Int = 1) throws(ScheduleError) -> Int? {
        try Simulator(self, edges: edges).smallestQueueDepth(atLeast: try Self.checked(least))
    }

    /// By link, in the order of `LoweredSchedule.links`: a queue depth at which no rank waits for room, where F, I and W
    /// take one unit and messages no time. Throws also where the schedule deadlocks at any depth.
    public func queueDepths(edges: [Edge]) throws(ScheduleError) -> [Int] {
        let simulator = try Simulator(self, edges: edges)
        return try simulator.queueDepths(times: .units(stages: stageCount), linkTimes: simulator.freeLinks)
    }

    private func validate(
        _ simulator: Simulator, queueDepths: [Int], maximumInFlight: [Int]?
    ) throws(ScheduleError) {
        if let maximumInFlight { try check(inFlight: maximumInFlight) }
        try lower(edges: simulator.edges).checkPairing()
        _ = try simulator.step(
            times: .units(stages: stageCount), linkTimes: simulator.freeLinks, queueDepths: queueDepths)
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

    /// Throws where a stage does not take micro-batches in their order: data are read, and gradients summed, in that of
    /// its F and its B or W, and results must not depend on the schedule. I may come in any order.
    public func checkMicroBatchOrder() throws(ScheduleError) {
        var next = [[Pass: Int]](repeating: [:], count: stageCount)
        for (rank, instructions) in ranks.enumerated() {
            for (position, instruction) in instructions.enumerated() where instruction.pass != .backwardInput {
                let kind: Pass = instruction.pass == .forward ? .forward : .backward
                let expected = next[instruction.stage][kind, default: 0]
                guard instruction.microBatch == expected else {
                    let missing = Instruction(instruction.pass, stage: instruction.stage, microBatch: expected)
                    throw invalid(
                        rank: rank, position: position,
                        expected: "\(missing) before \(instruction), in the order of micro-batches",
                        got: "\(instruction)")
                }
                next[instruction.stage][kind] = expected + 1
            }
        }
    }

    private func firstForward(of stage: Int, beyond bound: Int) -> Int? {
        var held = 0
        return ranks[rankOfStage[stage]].firstIndex { instruction in
            guard instruction.stage == stage else { return false }
            held += instruction.pass.activationsTaken()
            return held > bound
        }
    }
}
