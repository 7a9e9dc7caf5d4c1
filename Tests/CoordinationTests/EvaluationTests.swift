import Coordination
import Foundation
import Layers
import Manifests
import Models
import Planning
import Reports
import Runs
import Scheduling
import TestPlans
import TestSupport
import Testing

/// Held-out losses between steps, with workers that are threads of this process.
@Suite struct EvaluationTests {
    /// What a run leaves.
    struct Result {
        var losses: [Double?] = []
        var evaluations: [EvaluationMetrics] = []
        var weights = Data()
        var best: Data?
    }

    private func train(
        _ pipeline: PipelineManifest, in folder: TemporaryFolder, run name: String = "run"
    ) async throws -> Result {
        let run = try TrainingRun.start(pipeline, launch: .threads, directory: folder.file(name))
        var result = Result()
        for try await step in run.steps { result.losses.append(step.loss) }
        result.evaluations = try run.directory.evaluations()
        result.weights = try folder.bytes(name + "/model.safetensors")
        let best = name + "/best/model.safetensors"
        result.best = folder.exists(best) ? try folder.bytes(best) : nil
        #expect(folder.files.filter { $0.hasSuffix(".partial") } == [])
        return result
    }

    /// Dropout, a skip past several layers, and four steps; held out are 27 samples: three passes of eight, and one of three
    /// whose last micro-batch is filled up.
    private func pipeline(
        _ devices: Int = 2, _ schedule: PipelineManifest.Schedule = .oneForwardOneBackward, every: Int? = 2
    ) -> PipelineManifest {
        var pipeline = TrainingRunTests.pipeline(devices, schedule: schedule)
        pipeline.evaluation = every.map { .init(.random(count: 217), every: $0) }
        return pipeline
    }

    @Test func `a run that evaluates learns the bits of one that does not, on any stages`() async throws {
        let folder = try TemporaryFolder()
        let plain = try await train(pipeline(every: nil), in: folder, run: "plain")
        #expect(plain.evaluations == [] && plain.best == nil)
        var losses: [[Double]] = []
        for (devices, schedule) in [
            (1, PipelineManifest.Schedule.oneForwardOneBackward), (2, .oneForwardOneBackward), (4, .gpipe),
            (4, .oneForwardOneBackward), (2, .named(.zeroBubbleV)), (2, .named(.interleaved)),
            (3, .named(.zeroBubbleH1)),
        ] {
            let name = "\(devices)-\(schedule.name)"
            let run = try await train(pipeline(devices, schedule), in: folder, run: name)
            #expect(run.losses == plain.losses && run.weights == plain.weights, "\(name)")
            #expect(run.evaluations.map(\.step) == [0, 2, 4] && run.evaluations.allSatisfy { $0.samples == 27 })
            #expect(run.evaluations.allSatisfy { $0.tokens == 27 * 8 })
            losses.append(run.evaluations.map(\.loss))
        }
        #expect(Set(losses).count == 1 && Set(losses[0]).count == 3, "\(losses)")
        #expect(losses[0].allSatisfy { $0.isFinite && $0 > 0 })
    }

    @Test func `the loss of held-out samples is the mean over their targets, however they lie in micro-batches`()
        async throws
    {
        let folder = try TemporaryFolder()
        var losses: [Double] = []
        for (micro, microBatches, samples) in [(2, 4, 27), (1, 8, 27), (8, 1, 27), (4, 2, 3)] {
            var pipeline = pipeline(2, every: 4)
            pipeline.batch = .init(micro: micro, microBatches: microBatches)
            pipeline.evaluation?.samples = samples
            let run = try await train(pipeline, in: folder, run: "\(micro)-\(samples)")
            losses.append(try #require(run.evaluations.first).loss)
        }
        #expect(
            abs(losses[1] - losses[0]) < 1e-6 && abs(losses[2] - losses[0]) < 1e-6 && losses[3] != losses[0],
            "\(losses)")
    }

    @Test func `the weights of the lowest loss are kept, and they are those of their step`() async throws {
        let folder = try TemporaryFolder()
        // The rate is far too high behind the first steps: what was learnt is lost again.
        var pipeline = pipeline(2, every: 1)
        pipeline.data = .random(count: 500, sequence: 8)
        pipeline.evaluation?.source = .random(count: 500)
        pipeline.steps = 6
        let run = try await train(pipeline, in: folder)
        let best = try #require(run.evaluations.last { $0.isBest })
        #expect(run.evaluations.allSatisfy { $0.loss >= best.loss } && best.step > 0)
        pipeline.evaluation = nil
        pipeline.steps = best.step
        let short = try await train(pipeline, in: folder, run: "short")
        #expect(run.best != nil && run.best == short.weights)
        #expect(try TrainingPlan(PipelineManifest.load(path: folder.file("run/best/pipeline.yaml"))).cuts.count == 1)
        pipeline.evaluation = .init(.random(count: 500), every: 1, keepsBest: false)
        #expect(try await train(pipeline, in: folder, run: "none").best == nil)
    }

    @Test func `what evaluating takes is no part of any step`() async throws {
        let folder = try TemporaryFolder()
        var pipeline = pipeline(2, every: 3)
        pipeline.steps = 8
        pipeline.evaluation?.source = .random(count: 40_000)
        let run = try TrainingRun.start(pipeline, launch: .threads, directory: folder.file("run"))
        try run.wait()
        let logs = try run.directory.logs().logs
        let spans = logs.flatMap { $0.events.filter { $0.kind == .evaluation } }
        // Behind the last step none follows that it would belong to.
        #expect(spans.map(\.step).sorted() == [0, 0, 3, 3, 6, 6])
        let accounts = try Accounts(run.directory.description(), logs: logs)
        #expect(accounts.steps.count == 16)
        for account in accounts.steps {
            #expect(account.sum == account.wall)
            let span = try #require(logs[account.rank].events.first { $0.kind == .evaluation && $0.step == 3 })
            let offset = logs[account.rank].clockOffset
            #expect(account.end <= Int64(span.start) + offset || account.start >= Int64(span.end) + offset)
        }
    }

    @Test func `held-out data that do not fit are named before anything starts`() throws {
        let folder = try TemporaryFolder()
        try folder.write("{\"input_ids\": [1, 2]}\n{\"input_ids\": [60, 61]}\n", to: "outside.jsonl")
        try folder.write("{\"input_ids\": [1, 2], \"labels\": [1, -100]}\n", to: "empty.jsonl")
        try folder.write("{\"input_ids\": \(Array(0..<10))}\n", to: "long.jsonl")
        for (file, samples, expected) in [
            ("outside", nil, "outside.jsonl:2: expected 0 to 60, the vocabulary, got input_ids[1] = 61"),
            ("empty", nil, "no target of the held-out samples counts"),
            ("long", nil, "long.jsonl:1: expected at most 9 ids"),
            ("none", nil, "none.jsonl: cannot open"), ("empty", 2, "evaluate.samples is 2, its data hold 1"),
        ] as [(String, Int?, String)] {
            var pipeline = pipeline()
            pipeline.evaluation = .init(.samples(folder.file("\(file).jsonl")), every: 1, samples: samples)
            let text = message { try TrainingRun.start(pipeline, launch: .threads, directory: folder.file("run")) }
            #expect(text.contains(expected), "\(text)")
            #expect(!folder.exists("run"))
        }
    }
}
