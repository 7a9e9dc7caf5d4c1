import Manifests
import Notation
public import Runs
public import Scheduling
import Systems

extension TrainingPlan {
    /// The manifest's schedule: generated from its name, or read from a file.
    static func schedule(_ manifest: PipelineManifest) throws(RunFailure) -> Schedule {
        switch manifest.schedule {
        case .named(let name):
            do {
                return try Schedule.named(
                    name.rawValue, ranks: manifest.positions, microBatches: manifest.batch.microBatches,
                    virtual: manifest.virtual)
            } catch {
                throw .badInput(error)
            }
        case .written(let written):
            let schedule = try ScheduleText(written, manifest.marks).schedule()
            try check(schedule, manifest)
            return schedule
        case .auto: throw RunFailure(.bug, "the schedule was not chosen")
        }
    }

    private static func check(_ schedule: Schedule, _ manifest: PipelineManifest) throws(RunFailure) {
        let place = manifest.mark(of: "schedule.ranks.0")
        guard schedule.rankCount == manifest.positions else {
            throw .badInput(
                "\(place): \(schedule.rankCount) \(schedule.rankCount == 1 ? "rank" : "ranks"), for "
                    + "\(manifest.positions) devices\(manifest.replicas > 1 ? " of each replica" : ""); "
                    + "expected a line for each device")
        }
        guard schedule.microBatches == manifest.batch.microBatches else {
            throw .badInput(
                "\(place): \(schedule.microBatches) \(schedule.microBatches == 1 ? "micro-batch" : "micro-batches"), but "
                    + "batch.microbatches is \(manifest.batch.microBatches); expected batch.microbatches: \(schedule.microBatches)"
            )
        }
    }
}

extension PipelineManifest {
    /// What is wrong with the manifest's schedule, with the place of the instruction where the schedule was written.
    func failure(_ error: ScheduleError) -> RunFailure {
        guard case .written(let written) = schedule else { return .badInput(error) }
        return ScheduleText(written, marks).failure(error)
    }
}

extension Schedule {
    /// Reads a file that holds a schedule, and proves that its step can run.
    /// - Throws: a mistake, with the line and column where it stands.
    public init(file path: String) throws(RunFailure) {
        let text: ScheduleText
        do {
            let (written, marks) = try PipelineManifest.WrittenSchedule.read(path)
            text = ScheduleText(written, marks)
        } catch {
            throw .badInput(error)
        }
        self = try text.schedule()
        do {
            try validate(edges: Edge.chain(stages: stageCount), queueDepth: max(2, stageCount, microBatches))
        } catch {
            throw text.failure(error)
        }
    }
}

/// A schedule read from a file, and where each rank's text begins.
private struct ScheduleText {
    let written: PipelineManifest.WrittenSchedule
    let marks: [String: Mark]

    init(_ written: PipelineManifest.WrittenSchedule, _ marks: [String: Mark]) {
        (self.written, self.marks) = (written, marks)
    }

    func schedule() throws(RunFailure) -> Schedule {
        do {
            let schedule = try parsed()
            // Every instruction once, on the rank that owns its stage; what crosses between stages is checked later.
            _ = try Simulator(schedule, edges: [])
            try schedule.checkMicroBatchOrder()
            return schedule
        } catch {
            throw failure(error)
        }
    }

    private func parsed() throws(ScheduleError) -> Schedule {
        try Schedule(parsing: written.ranks.joined(separator: "\n"), name: written.name)
    }

    func failure(_ error: ScheduleError) -> RunFailure {
        switch error {
        case .syntax(let line, let column, let expected, let got):
            return .badInput("\(place(rank: line - 1, column: column)): expected \(expected), got \(got)")
        case .instruction(let invalid):
            return .badInput("\(place(rank: invalid.rank, instruction: invalid.position)): \(error)")
        case .deadlock(let deadlock):
            let stuck = deadlock.stuck.first
            let position = stuck.flatMap { stuck in
                (try? parsed())?.ranks[stuck.rank].firstIndex(of: stuck.instruction)
            }
            return .badInput("\(place(rank: stuck?.rank ?? 0, instruction: position ?? 0)): \(error)")
        case .argument, .edge:
            return .badInput("\(place(rank: 0, column: 1)): \(error)")
        }
    }

    private func place(rank: Int, instruction: Int) -> Mark {
        guard written.ranks.indices.contains(rank) else { return place(rank: 0, column: 1) }
        return place(rank: rank, column: Schedule.column(ofInstruction: instruction, in: written.ranks[rank]))
    }

    private func place(rank: Int, column: Int) -> Mark {
        var mark = marks["schedule.ranks.\(rank)"] ?? marks["schedule"] ?? Mark(file: written.name, line: 1, column: 1)
        if mark.line > 0 { mark.column += column - 1 }
        return mark
    }
}
