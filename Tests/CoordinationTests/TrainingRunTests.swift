import Coordination
import Foundation
import Layers
import Manifests
import Models
import Notation
import Optimizers
import Planning
import Reports
import Runs
import Scheduling
import Synchronization
import Systems
import Tensors
import TestDevices
import TestPlans
import TestSupport
import Testing

/// Runs that a program starts itself, with workers that are threads of this process.
@Suite struct TrainingRunTests {
    /// What a run leaves that must not depend on how it was made.
    struct Result: Hashable {
        var losses: [Double?]
        var weights: Data
    }

    private func train(
        _ manifest: PipelineManifest, launch: LaunchMode = .threads
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        let run = try TrainingRun.start(manifest, launch: launch, directory: folder.file("run"))
        var losses: [Double?] = []
        for try await step in run.steps { losses.append(step.loss) }
        try run.save(to: folder.file("weights"))
        return Result(losses: losses, weights: try folder.bytes("weights"))
    }

    static let swiftModel = Sequential {
        Embedding(vocab: 61, width: 16, positions: 8)
        Stash("skip")
        for _ in 0..<2 { Transformer(width: 16, heads: 2, dropout: 0.1) }
        Residual {
            LayerNorm(width: 16)
            Linear(inputs: 16, outputs: 16)
        }
        Pop("skip")
        Add()
        Linear(inputs: 16, outputs: 61, bias: false)
    }

    static func pipeline(
        _ devices: Int = 2, schedule: PipelineManifest.Schedule = .oneForwardOneBackward
    ) -> PipelineManifest {
        PipelineManifest(
            swiftModel, devices: (0..<devices).map { _ in .cpu(0) }, data: .random(count: 500, sequence: 8),
            batch: .init(micro: 2, microBatches: 4), steps: 4, schedule: schedule)
    }

    // MARK: Law 1 on threads

    @Test func `stages on threads give the bits of one stage, under every schedule`() async throws {
        let expected = try await train(Self.pipeline(1))
        #expect(expected.losses.count == 4 && expected.losses.allSatisfy { $0?.isFinite == true })
        for (devices, schedule) in [
            (2, PipelineManifest.Schedule.oneForwardOneBackward), (4, .oneForwardOneBackward), (3, .gpipe),
            (2, .named(.zeroBubbleH1)), (2, .named(.zeroBubbleV)),
        ] {
            #expect(
                try await train(Self.pipeline(devices, schedule: schedule)) == expected, "\(devices), \(schedule.name)")
        }
    }

    /// Its memory cannot be read by the host, and its work goes on by itself: sends and receives are staged, gradients are
    /// summed there, events are timed there.
    @Test(arguments: ["none", "stage"]) func `devices apart from the host give the CPU's bits over links`(
        recompute: String
    ) async throws {
        var pipeline = Self.pipeline(1)
        pipeline.recompute = recompute == "stage" ? .stage : .none
        pipeline.clip = 0.5
        let expected = try await train(pipeline)
        let detached = LaunchMode.threads { _, _ in DetachedBackend() }
        for (devices, schedule) in [
            (1, PipelineManifest.Schedule.oneForwardOneBackward), (2, .oneForwardOneBackward),
            (2, .named(.zeroBubbleH1)),
        ] {
            var pipeline = Self.pipeline(devices, schedule: schedule)
            (pipeline.recompute, pipeline.clip) = (recompute == "stage" ? .stage : .none, 0.5)
            #expect(try await train(pipeline, launch: detached) == expected, "\(devices), \(schedule.name)")
        }
    }

    @Test func `half precision on devices apart from the host is the CPU's too`() async throws {
        for precision in [PipelineManifest.Precision.bf16, .f16(.init())] {
            var (one, two) = (Self.pipeline(1), Self.pipeline(2))
            (one.precision, two.precision) = (precision, precision)
            let expected = try await train(one)
            #expect(try await train(two, launch: .threads { _, _ in DetachedBackend() }) == expected)
        }
    }

    // MARK: Steps, endings

    @Test func `a run that nobody reads goes on to its end`() async throws {
        let folder = try TemporaryFolder()
        let run = try TrainingRun.start(Self.pipeline(), launch: .threads, directory: folder.file("run"))
        try await offPool { try run.wait() }
        #expect(folder.exists("run/model.safetensors") && folder.exists("run/report.json"))
        #expect(try run.report().steps > 0)
        #expect(try folder.text("run/metrics.jsonl").split(separator: "\n").count == 4)
    }

    @Test func `metrics are kept in the forms that the manifest names`() async throws {
        for (forms, rows) in [(PipelineManifest.MetricsForm.allCases, 5), ([], 0)] {
            let folder = try TemporaryFolder()
            var pipeline = Self.pipeline()
            pipeline.metrics = forms
            let run = try TrainingRun.start(pipeline, launch: .threads, directory: folder.file("run"))
            try await offPool { try run.wait() }
            #expect(folder.exists("run/metrics.csv") == (rows > 0))
            if rows > 0 {
                #expect(try folder.text("run/metrics.csv").split(separator: "\n").count == rows)
                let name = try #require(folder.files.first { $0.contains("tensorboard/events.out.tfevents.") })
                let text = try folder.text(name)
                // The ranks' figures come with the first step and the last, where `log_every` is 10.
                for (tag, count) in [("Train/loss", 4), ("Pipeline/bubble_fraction/stage_1", 2), ("rank_1", 2)] {
                    #expect(text.components(separatedBy: tag).count == count + 1, "\(tag)")
                }
            } else {
                #expect(!folder.exists("run/tensorboard"))
            }
        }
    }

    /// One worker alone waits for nobody: it trained on to its last step.
    @Test(arguments: [1, 2]) func `a run that is cancelled tells its reader so, and leaves no weights`(
        devices: Int
    ) async throws {
        let folder = try TemporaryFolder()
        var pipeline = Self.pipeline(devices)
        pipeline.steps = 1_000_000
        let run = try TrainingRun.start(pipeline, launch: .threads, directory: folder.file("run"))
        await #expect {
            for try await step in run.steps where step.step == 3 { run.cancel() }
        } throws: { error in
            (error as? RunFailure)?.code == .interrupted && "\(error)".contains("of 1000000 steps")
        }
        #expect(!folder.exists("run/model.safetensors"))
        #expect(message { try run.save(to: folder.file("x")) }.contains("interrupted after"))
    }

    /// Nobody will ask for it any more.
    @Test func `a run that nobody refers to ends`() async throws {
        let folder = try TemporaryFolder()
        var pipeline = Self.pipeline()
        pipeline.steps = 1_000_000
        let endless = pipeline
        try await offPool {
            _ = try TrainingRun.start(endless, launch: .threads, directory: folder.file("run"))
        }
        #expect(!folder.exists("run/model.safetensors"))
    }

    @Test func `a device that cannot be had ends the run with its reason`() async throws {
        let folder = try TemporaryFolder()
        let broken = LaunchMode.threads { device, _ throws(TensorError) in
            throw TensorError("\(device)", expected: "a card in the slot", got: "none")
        }
        let run = try TrainingRun.start(Self.pipeline(), launch: broken, directory: folder.file("run"))
        await #expect {
            for try await _ in run.steps {}
        } throws: { "\($0)".contains("a card in the slot") }
    }

    // MARK: Mistakes

    /// In a manifest it would be file:line of the YAML.
    @Test func `a mistake in Swift names its place in the program`() throws {
        let line = #line
        let model = Sequential {
            Embedding(vocab: 61, width: 16)
            Transformer(width: 16, heads: 3)
            Linear(inputs: 16, outputs: 61)
        }
        var pipeline = Self.pipeline()
        pipeline.model = model
        let heads = message { try TrainingRun.start(pipeline, launch: .threads) }
        #expect(heads.hasPrefix("CoordinationTests/TrainingRunTests.swift:\(line + 3):"), "\(heads)")
        #expect(heads.contains("heads is 3, and the width 16 is no multiple of it; expected a divisor of the width"))

        pipeline = Self.pipeline()
        pipeline.steps = 0
        let steps = message { try TrainingRun.start(pipeline, launch: .threads) }
        #expect(steps.hasPrefix("CoordinationTests/TrainingRunTests.swift:") && steps.contains("steps"), "\(steps)")

        pipeline = Self.pipeline()
        pipeline.model = Sequential {
            Linear(inputs: 16, outputs: 61)
        }
        #expect(message { try TrainingRun.start(pipeline, launch: .threads) }.contains("TrainingRunTests.swift"))
    }

    @Test func `a layer of a kind that nobody registered is refused with the line to write`() throws {
        var pipeline = Self.pipeline()
        pipeline.model = Sequential {
            Embedding(vocab: 61, width: 16)
            Unregistered()
            Linear(inputs: 16, outputs: 61)
        }
        let text = message { try TrainingRun.start(pipeline, launch: .threads) }
        #expect(text.contains("`WorkerProcess.enter(layers: [Unregistered.self])` first in main"), "\(text)")
    }

    /// It would train again in each of its workers, and start more of them.
    @Test func `a program that did not enter cannot start processes`() throws {
        let folder = try TemporaryFolder()
        let text = message { try TrainingRun.start(Self.pipeline(), directory: folder.file("run")) }
        #expect(text.contains("call `WorkerProcess.enter()` first in main"), "\(text)")
        #expect(!folder.exists("run"))
    }

    @Test func `threads refuse what only processes can do`() throws {
        let uneven = try Plans.manifest(devices: "[cpu:0, cpu:0-1]")
        let cores = message { try TrainingRun.start(uneven, launch: .threads) }
        #expect(cores.contains("p/tiny.yaml:3:") && cores.contains("expected all of 1, got 1 and 2"), "\(cores)")
        let byHand = try Plans.manifest(more: "by_hand: [1]")
        #expect(message { try TrainingRun.start(byHand, launch: .threads) }.contains("are not started by hand"))
    }
}

private struct Unregistered: Layer {
    static let syntax = KindSyntax("unregistered", "A layer that this program does not tell of.", Unregistered())
    var parameters: [ParameterSpec] { [] }
    func plan(for input: Signature) throws(LayerError) -> LayerPlan { LayerPlan(outputs: input, cost: LayerCost()) }
    func forward(_ frame: LayerFrame, on backend: any Backend) {}
    func backwardInput(_ frame: LayerFrame, on backend: any Backend) {}
    func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
