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
            held += instruction.pass.activationsTaken
            return held > bound
        }
    }
}
