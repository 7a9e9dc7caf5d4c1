// A run's report as values.
//
//     swift run -c release ReadReport runs/demo     of a run that is there
//     swift run -c release ReadReport               of a short one, on simulated devices, one of them slow
import Echelon

/// Four stages that take 2 ms each for a pass; the third now and then 6 ms longer.
func unevenRun() throws -> RunDirectory {
    let model = Sequential {
        Embedding(vocab: 16, width: 8)
        for _ in 0..<3 { Linear(inputs: 8, outputs: 8) }
    }
    var pipeline = PipelineManifest(
        model, name: "read-report", devices: (0..<4).map { .sim($0) }, data: .random(count: 65, sequence: 8),
        batch: .init(micro: 1, microBatches: 8), steps: 8, partition: .uniform)
    pipeline.simulation = .init(pace: .secondsPerLayer(0.002))
    pipeline.simulation.slow = .init(stage: 2, milliseconds: 6, every: 3)
    let run = try TrainingRun.start(pipeline, launch: .threads)
    try run.wait()
    return run.directory
}

do {
    let directory = try CommandLine.arguments.dropFirst().first.map { RunDirectory($0) } ?? unevenRun()
    let report = try directory.report()
    print("\(report.headline.sentence)")
    print("idle: \(percent(report.bubble.measured.fraction)), by the schedule \(percent(report.bubble.ideal.fraction))")
    for cause in report.causes.sorted(by: { $0.share > $1.share }).prefix(4) {
        print("  \(percent(cause.share)) \(cause.cause.title)")
    }
    for rank in report.ranks {
        // By stage, of one micro-batch.
        let work = rank.work.reduce(0) { $0 + $1.totalMs } * Double(report.microBatches)
        print("rank \(rank.rank): stages \(rank.stages), \(Int(work)) ms of work in \(Int(rank.wallMs.p50)) ms")
    }
    if let best = report.whatIfs.max(by: { $0.gain < $1.gain }) {
        print("best change: \(best.title), a step in \(Int(best.stepMs)) ms instead of \(Int(report.stepMs.p50)) ms")
    }
} catch {
    RunFailure.exit(reporting: error)
}

func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
