import Coordination
import Runs
import Systems
import TestPlans
import Testing

@Suite struct DivergenceTests {
    private let directory = RunDirectory("runs/x")

    private func metrics(skipped: Bool) -> StepMetrics {
        StepMetrics(
            step: 1, loss: nil, lr: 0, gradNorm: nil, tokens: 1, tokensPerS: 1, stepS: 1, bubbleFraction: nil,
            isSkipped: skipped)
    }

    @Test func `values come before what follows from them, micro-batch by micro-batch`() {
        let inOrder: [NonFiniteTensor] = [
            .init(.weight, microBatch: 3, node: 2, isNaN: true), .init(.input, microBatch: 0, node: 0, isNaN: true),
            .init(.output, microBatch: 0, node: 0, isNaN: true), .init(.output, microBatch: 0, node: 3, isNaN: true),
            .init(.loss, microBatch: 0, node: 3, isNaN: true),
            .init(.inputGradient, microBatch: 0, node: 3, isNaN: true),
            .init(.weightGradient, microBatch: 0, node: 3, isNaN: true),
            .init(.inputGradient, microBatch: 0, node: 1, isNaN: true),
            .init(.output, microBatch: 1, node: 0, isNaN: true),
        ]
        for (index, first) in inOrder.enumerated() {
            for second in inOrder[(index + 1)...] {
                #expect(first.precedes(second) && !second.precedes(first), "\(first), \(second)")
            }
        }
    }

    @Test func `the message names step, tensor, layer, micro-batch, stage, worker, and the weights kept`() throws {
        let plan = try Plans.make()
        var divergence = Divergence()
        divergence.finished(metrics(skipped: false))
        #expect(divergence.failure(plan, directory: directory) == nil)
        divergence.add(step: 7, .init(.weightGradient, microBatch: 0, node: 2, index: 1, isNaN: false))
        divergence.add(step: 7, nil)
        divergence.add(step: 7, .init(.output, microBatch: 0, node: 5, isNaN: true))
        let failure = try #require(divergence.failure(plan, directory: directory))
        #expect(failure.code == .diverged)
        #expect(
            failure.message == """
                step 8 is not finite: the output of layer 3 (linear) holds NaN in the forward of micro-batch 0, on stage \
                1 (worker 1); all that it follows from is finite. The step was not applied; runs/x/model.safetensors \
                holds the weights of step 7. Try a lower learning rate, `clip: 1.0`, `learning_rate: {warmup: 100}`, \
                `on_nan: skip` to leave such steps out
                """)
    }

    @Test func `a node that the model does not have is no reason to trap`() throws {
        var divergence = Divergence()
        divergence.add(step: 0, .init(.output, microBatch: 1 << 47, node: 1 << 47, index: 9, isNaN: true))
        let failure = divergence.failure(try Plans.make(), directory: directory)
        #expect(failure?.message.hasPrefix("step 1 is not finite: the sum of") == true)
    }

    @Test func `a run whose every step was skipped has trained nothing, and says so`() throws {
        let plan = try Plans.make(set: ["precision=f16"])
        var divergence = Divergence()
        divergence.finished(metrics(skipped: true))
        divergence.finished(metrics(skipped: true))
        #expect(divergence.skippedText == "2 of 2 steps were skipped: a gradient was not finite")
        let failure = try #require(divergence.failure(plan, directory: directory))
        #expect(failure.code == .diverged && failure.message.hasPrefix("every one of 2 steps was skipped"))
        divergence.finished(metrics(skipped: false))
        #expect(divergence.failure(plan, directory: directory) == nil)
    }
}
