/// Where each (stage, micro-batch) has its passes: positions in the owning rank's list. Exists only for a schedule in
/// which every pass is there exactly once, on the right rank, and in order.
struct Cells {
    private let microBatches: Int
    private var forwards: [Int32]
    /// B or I: what the stages before wait for.
    private var backwards: [Int32]
    /// B or W: after it the activations are no longer needed.
    private var lasts: [Int32]

    func forward(_ stage: Int, _ microBatch: Int) -> Int { Int(forwards[stage * microBatches + microBatch]) }
    func backward(_ stage: Int, _ microBatch: Int) -> Int { Int(backwards[stage * microBatches + microBatch]) }

    /// Throws at the first instruction that is out of place, repeated or too early; then at the first that is missing.
    init(checking schedule: Schedule) throws(ScheduleError) {
        try Self.checkExtents(schedule)
        microBatches = schedule.microBatches
        let count = schedule.stageCount * microBatches
        forwards = [Int32](repeating: -1, count: count)
        backwards = forwards
        lasts = forwards
        for (rank, instructions) in schedule.ranks.enumerated() {
            for (position, instruction) in instructions.enumerated() {
                if let fault = place(instruction, rank: rank, position: position, in: schedule) {
                    throw schedule.invalid(rank: rank, position: position, expected: fault.expected, got: fault.got)
                }
            }
        }
        try checkMissing(schedule)
    }

    private struct Fault {
        var expected: String
        var got: String
    }

    private mutating func place(
        _ instruction: Instruction, rank: Int, position: Int, in schedule: Schedule
    ) -> Fault? {
        let (stage, microBatch) = (instruction.stage, instruction.microBatch)
        guard (0..<schedule.stageCount).contains(stage), (0..<microBatches).contains(microBatch) else {
            return Fault(
                expected: "a stage below \(schedule.stageCount) and a micro-batch below \(microBatches)",
                got: "\(instruction)")
        }
        guard schedule.rankOfStage[stage] == rank else {
            return Fault(
                expected: "stage \(stage) on rank \(schedule.rankOfStage[stage]), which owns it",
                got: "\(instruction) on rank \(rank)")
        }
        let cell = stage * microBatches + microBatch
        switch instruction.pass {
        case .forward:
            return put(instruction, at: position, into: &forwards[cell], after: nil)
        case .backward:
            let fault = put(instruction, at: position, into: &backwards[cell], after: (.forward, forwards[cell]))
            return fault ?? put(instruction, at: position, into: &lasts[cell], after: nil)
        case .backwardInput:
            return put(instruction, at: position, into: &backwards[cell], after: (.forward, forwards[cell]))
        case .backwardWeight:
            return put(instruction, at: position, into: &lasts[cell], after: (.backwardInput, backwards[cell]))
        }
    }

    private func put(
        _ instruction: Instruction, at position: Int, into place: inout Int32, after earlier: (pass: Pass, at: Int32)?
    ) -> Fault? {
        if let earlier, earlier.at < 0 {
            var needed = instruction
            needed.pass = earlier.pass
            return Fault(expected: "\(needed) before \(instruction)", got: "none before it")
        }
        guard place < 0 else {
            return Fault(
                expected: "each micro-batch once: one F, and one B or one I and one W",
                got: "\(instruction) after instruction \(place) had done it")
        }
        place = Int32(position)
        return nil
    }

    private func checkMissing(_ schedule: Schedule) throws(ScheduleError) {
        for stage in 0..<schedule.stageCount {
            for microBatch in 0..<microBatches {
                let cell = stage * microBatches + microBatch
                let missing: Pass? =
                    forwards[cell] < 0
                    ? .forward : backwards[cell] < 0 ? .backward : lasts[cell] < 0 ? .backwardWeight : nil
                guard let missing, missing == .forward || !schedule.isForwardOnly else { continue }
                let rank = schedule.rankOfStage[stage]
                throw schedule.invalid(
                    rank: rank, position: schedule.ranks[rank].count,
                    expected: "\(Instruction(missing, stage: stage, microBatch: microBatch))", got: "none")
            }
        }
    }

    private static func checkExtents(_ schedule: Schedule) throws(ScheduleError) {
        guard schedule.stageCount >= 1 else {
            throw .argument("stages", expected: "at least 1", got: "0")
        }
        guard schedule.microBatches >= 1 else {
            throw .argument("micro-batches", expected: "at least 1", got: "\(schedule.microBatches)")
        }
        for (stage, rank) in schedule.rankOfStage.enumerated() where !(0..<schedule.rankCount).contains(rank) {
            throw .argument("rank of stage \(stage)", expected: "below \(schedule.rankCount)", got: "\(rank)")
        }
        try Schedule.checkSize(stages: schedule.stageCount, microBatches: schedule.microBatches)
    }
}

extension Schedule {
    /// Stages × micro-batches that a schedule may have: memory is taken for each.
    static let maximumCells = 1 << 26

    static func checkSize(stages: Int, microBatches: Int) throws(ScheduleError) {
        let (cells, overflow) = stages.multipliedReportingOverflow(by: microBatches)
        guard !overflow, cells <= maximumCells else {
            throw .argument(
                "stages × micro-batches", expected: "at most \(maximumCells)", got: "\(stages) × \(microBatches)")
        }
    }

    func invalid(rank: Int, position: Int, expected: String, got: String) -> ScheduleError {
        .instruction(
            ScheduleError.InvalidInstruction(
                rank: rank, position: position, expected: expected, got: got,
                excerpt: excerpt(marks: [(rank, position)])))
    }
}
