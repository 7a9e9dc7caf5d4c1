import CPUDevices
import Coordination
import Foundation
import Manifests
import Optimizers
import Planning
import Runs
import Scheduling
import Synchronization
import Tensors
import TestSupport
import Testing
import Workers

/// A run that stops between two steps and goes on, in other workers, with another partition.
@Suite struct RunStateTests {
    /// Keeps a run's state in memory.
    final class Keeper: StateKeeper {
        private let first: RunState?
        private let parts = Mutex<[Int: RunState]>([:])

        init(_ first: RunState? = nil) { self.first = first }

        func state() -> RunState? { first }
        func keep(_ state: RunState, of rank: Int) { parts.withLock { $0[rank] = state } }

        /// What all ranks kept; nil where they do not agree about the step.
        var whole: RunState? {
            parts.withLock { parts in
                guard let step = parts[0]?.step, parts.values.allSatisfy({ $0.step == step }) else { return nil }
                return RunState(step: step, tensors: parts.values.reduce(into: [:]) { $0.merge($1.tensors) { $1 } })
            }
        }
    }

    struct Outcome: Hashable {
        var losses: [Double?]
        var weights: Data
        var step: StepState
    }

    private func run(
        _ manifest: PipelineManifest, _ steps: Range<Int>, from state: RunState? = nil
    ) throws -> (outcome: Outcome, state: RunState) {
        let folder = try TemporaryFolder()
        let keeper = Keeper(state)
        let losses = Mutex<[Double?]>([])
        let launch = LaunchMode.threads(keeper: keeper) { device, plan throws(TensorError) in
            try device.pinnedBackend(plan.manifest.simulation, .thread)
        }
        let options = Coordinator.Options(runDirectory: folder.file("run"), output: .quiet, launch: launch)
        let coordinator = try Coordinator(TrainingPlan(manifest), options, steps: steps) { step in
            losses.withLock { $0.append(step.loss) }
        }
        try coordinator.run()
        let whole = try #require(keeper.whole)
        // Through the form that a file would have.
        let step = try JSONDecoder().decode(StepState.self, from: try JSONEncoder().encode(whole.step))
        return (
            Outcome(
                losses: losses.withLock { $0 }, weights: try folder.bytes("run/model.safetensors"), step: step),
            RunState(step: step, tensors: whole.tensors)
        )
    }

    @Test(arguments: ["f32", "f16"])
    func `a run goes on from its state at another number of stages with the same bits`(_ precision: String) throws {
        func pipeline(_ devices: Int, _ schedule: PipelineManifest.Schedule) -> PipelineManifest {
            var pipeline = TrainingRunTests.pipeline(devices, schedule: schedule)
            pipeline.steps = 6
            pipeline.clip = 0.5
            pipeline.learningRate = LearningRate(warmup: 4)
            // Its first steps overflow, and the scale grows soon after: the scaler's memory matters.
            if precision == "f16" { pipeline.precision = .f16(.init(initialPower: 20, window: 1, hysteresis: 1)) }
            return pipeline
        }
        let whole = try run(pipeline(2, .oneForwardOneBackward), 0..<6)
        #expect(precision == "f32" || (1...5).contains(whole.outcome.step.updates))
        for (devices, schedule) in [(2, PipelineManifest.Schedule.oneForwardOneBackward), (3, .named(.zeroBubbleH1))] {
            let first = try run(pipeline(2, .oneForwardOneBackward), 0..<3)
            #expect(first.state.step.step == 3 && first.state.step.samples == 24)
            let second = try run(pipeline(devices, schedule), 3..<6, from: first.state)
            #expect(first.outcome.losses + second.outcome.losses == whole.outcome.losses, "\(devices)")
            #expect(second.outcome.weights == whole.outcome.weights, "\(devices)")
            #expect(second.outcome.step == whole.outcome.step, "\(devices)")
            #expect(second.state.tensors == whole.state.tensors, "\(devices)")
        }
    }

    @Test func `a state that lacks a tensor is refused by the tensor's name`() throws {
        var state = try run(TrainingRunTests.pipeline(2), 0..<2).state
        state.tensors["0.token.weight.exp_avg"] = nil
        let broken = state
        #expect {
            try run(TrainingRunTests.pipeline(1), 2..<4, from: broken)
        } throws: { "\($0)".contains("restoring 0.token.weight.exp_avg: expected") }
    }
}
