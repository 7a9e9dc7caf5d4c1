// A schedule of one's own: generated, validated, drawn, simulated, run.
//
//     swift run -c release CustomSchedule
import Echelon

/// 1F1B whose stages run further ahead: stage s of p begins with 2 (p − s) − 1 forwards instead of p − s, so that a late
/// message finds work to do. It holds more activations for that.
func eager(stages p: Int, microBatches m: Int) -> Schedule {
    let ranks = (0..<p).map { stage -> [Instruction] in
        let ahead = min(m, 2 * (p - stage) - 1)
        let forwards = (0..<m).map { Instruction(.forward, stage: stage, microBatch: $0) }
        let backwards = (0..<m).map { Instruction(.backward, stage: stage, microBatch: $0) }
        let steady = zip(backwards, forwards.dropFirst(ahead)).flatMap { [$0, $1] }
        return forwards.prefix(ahead) + steady + backwards.suffix(ahead)
    }
    return Schedule(name: "eager-1f1b", microBatches: m, rankOfStage: Array(0..<p), ranks: ranks)
}

/// A step's idle share, in percent, where each message takes half as long as a forward.
func bubble(_ schedule: Schedule) throws -> Int {
    let times = StageTimes(uniform: .init(forward: 1, backward: 2), stages: schedule.stageCount)
    let step = try schedule.simulate(
        edges: Edge.chain(stages: schedule.stageCount), times: times, link: .init(latency: 0.5, secondsPerMessage: 0))
    return Int((step.bubbleFraction * 100).rounded())
}

/// The losses of a few steps on two workers.
func losses(_ schedule: PipelineManifest.Schedule) async throws -> [Double] {
    let model = Sequential {
        Embedding(vocab: 64, width: 16, positions: 16)
        Transformer(width: 16, heads: 2)
        Linear(inputs: 16, outputs: 64)
    }
    let pipeline = PipelineManifest(
        model, name: "custom-schedule", devices: [.cpu(0), .cpu(1)], data: .random(count: 1025, sequence: 16),
        batch: .init(micro: 1, microBatches: 4), steps: 5, schedule: schedule)
    var losses: [Double] = []
    for try await step in try TrainingRun.start(pipeline, launch: .threads).steps { losses.append(step.loss ?? .nan) }
    return losses
}

WorkerProcess.enter()
do {
    let (own, usual) = (eager(stages: 4, microBatches: 8), Schedule.oneForwardOneBackward(stages: 4, microBatches: 8))
    try own.validate(edges: Edge.chain(stages: 4), queueDepth: 8)
    print(try own.grid())
    print("bubble \(try bubble(own)) %, of 1f1b \(try bubble(usual)) %")
    print("held by the first stage: \(own.inFlight(stage: 0)) micro-batches, of 1f1b \(usual.inFlight(stage: 0))")

    let mine = try await losses(.written(eager(stages: 2, microBatches: 4)))
    let theirs = try await losses(.oneForwardOneBackward)
    print("losses \(mine), \(mine == theirs ? "those of 1f1b to the last bit" : "1f1b has \(theirs)")")
} catch {
    RunFailure.exit(reporting: error)
}
