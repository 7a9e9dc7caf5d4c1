// A layer of one's own, in a model without a manifest, trained on two workers.
//
//     swift run -c release CustomLayer              two processes, each this program again
//     swift run -c release CustomLayer threads      the same in one process: the same losses, to the last bit
import Echelon

/// y = (x · downᵀ) · upᵀ: a linear layer whose matrix has a low rank, with fewer parameters.
///
/// x: [batch, …, inputs] → [batch, …, outputs]; down: [rank, inputs]; up: [outputs, rank].
struct LowRank: Layer {
    var inputs: Int
    var outputs: Int
    var rank: Int

    static let syntax = KindSyntax(
        "low-rank", "A linear layer of a low rank.", LowRank(inputs: 64, outputs: 64, rank: 8),
        [
            .required("in", \.inputs, .extent, "channels of x"),
            .required("out", \.outputs, .extent, "channels of y"),
            .required("rank", \.rank, .extent, "channels in between"),
        ])

    var parameters: [ParameterSpec] {
        [
            ParameterSpec("down", [rank, inputs], .normal(mean: 0, deviation: 0.1), isMatrix: true),
            ParameterSpec("up", [outputs, rank], .normal(mean: 0, deviation: 0.1), isMatrix: true),
        ]
    }

    func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        guard input.count == 1, input[0].shape.width == inputs else {
            throw LayerError(expected: "one tensor of width \(inputs)", got: "\(input)")
        }
        let x = input[0]
        let hidden = TensorSpec(x.shape.replacingWidth(rank), x.dtype)
        let flops = 2 * Double(x.shape.rows * rank * (inputs + outputs))
        var plan = LayerPlan(
            outputs: [TensorSpec(x.shape.replacingWidth(outputs), x.dtype)],
            cost: LayerCost(forward: flops, backwardInput: flops, backwardWeight: flops))
        plan.saved = [hidden]
        plan.deferred = [hidden]
        plan.keepsInputs = true
        plan.keepsOutputGradients = true
        return plan
    }

    /// h = x · downᵀ; y = h · upᵀ
    func forward(_ frame: LayerFrame, on backend: any Backend) {
        let (x, h, y) = (frame.inputs[0], frame.saved[0], frame.outputs[0])
        let rows = x.shape.rows
        backend.matmul(
            x, frame.parameters[0], into: h, MatMul(m: rows, n: rank, k: inputs, transposeB: true), epilogue: .none)
        backend.matmul(
            h, frame.parameters[1], into: y, MatMul(m: rows, n: outputs, k: rank, transposeB: true), epilogue: .none)
    }

    /// dh = dy · up; dx = dh · down
    func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let (dy, dh) = (frame.outputGradients[0], frame.deferred[0])
        let rows = dy.shape.rows
        backend.matmul(dy, frame.parameters[1], into: dh, MatMul(m: rows, n: rank, k: outputs), epilogue: .none)
        guard let dx = frame.inputGradients[0] else { return }
        backend.matmul(dh, frame.parameters[0], into: dx, MatMul(m: rows, n: inputs, k: rank), epilogue: .none)
    }

    /// d down += dhᵀ · x; d up += dyᵀ · h
    func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        let (x, h) = (frame.inputs[0], frame.saved[0])
        let (dy, dh) = (frame.outputGradients[0], frame.deferred[0])
        let rows = x.shape.rows
        backend.matmul(
            dh, x, into: frame.gradients[0],
            MatMul(m: rank, n: inputs, k: rows, transposeA: true, accumulate: true), epilogue: .none)
        backend.matmul(
            dy, h, into: frame.gradients[1],
            MatMul(m: outputs, n: rank, k: rows, transposeA: true, accumulate: true), epilogue: .none)
    }
}

WorkerProcess.enter(layers: [LowRank.self])

let model = Sequential {
    Embedding(vocab: 256, width: 32, positions: 32)
    for _ in 0..<2 {
        Transformer(width: 32, heads: 4)
        LowRank(inputs: 32, outputs: 32, rank: 4)
    }
    LayerNorm(width: 32)
    Linear(inputs: 32, outputs: 256, bias: false)
}
let pipeline = PipelineManifest(
    model, name: "custom-layer", devices: [.cpu(0), .cpu(1)], data: .random(count: 4097, sequence: 32),
    batch: .init(micro: 2, microBatches: 4), steps: 20)

do {
    let inThreads = CommandLine.arguments.contains("threads")
    let run = try TrainingRun.start(pipeline, launch: inThreads ? .threads : .processes)
    for try await step in run.steps { print("step \(step.step): loss \(step.loss ?? .nan)") }
    try run.save(to: "custom-layer.safetensors")
    print("custom-layer.safetensors holds the weights, \(run.directory.path) the rest")
} catch {
    RunFailure.exit(reporting: error)
}
