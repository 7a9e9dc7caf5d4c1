import Layers
import Tensors

/// A shard whose sums are its own parts: what a layer does between them is tried alone.
final class LonelyShard: TensorGroup {
    let shard = TensorShard(index: 0, count: 1)
    func sum(_ x: Tensor) {}
}

/// One layer with its parameters and gradients on a backend, ready to make micro-batches.
///
/// It grants a layer exactly what its plan asks for: what the plan does not keep is poisoned with NaN before the next
/// pass, and every buffer that a pass must write holds NaN before.
struct LayerBench {
    let layer: any Layer
    let plan: LayerPlan
    let inputs: Signature
    let backend: any TestBackend
    let parameters: [Tensor]
    let gradients: [Tensor]
    private let scratch: Tensor

    init(_ layer: any Layer, _ inputs: Signature, on backend: any TestBackend) throws {
        self.layer = layer
        self.inputs = inputs
        self.backend = backend
        plan = try layer.plan(for: inputs)
        let matrixType = plan.outputs[0].dtype
        parameters = layer.parameters.map { backend.make(TensorSpec($0.shape, $0.isMatrix ? matrixType : .f32)) }
        gradients = layer.parameters.map {
            backend.make(TensorSpec($0.shape), Array(repeating: 0, count: $0.shape.count))
        }
        scratch = backend.make(TensorSpec([max(plan.scratchBytes(on: backend) / 4, 1)]))
    }

    /// Random parameters of about the size that keeps activations near 1.
    func randomise(_ numbers: inout Numbers) {
        for (spec, tensor) in zip(layer.parameters, parameters) {
            let isNormWeight = spec.initial == .constant(1)
            let scale = spec.shape.rank > 1 ? 1 / Double(spec.shape.width).squareRoot() : 0.3
            backend.write(numbers.list(tensor.count, scale: scale).map { isNormWeight ? 1 + $0 : $0 }, to: tensor)
        }
    }

    /// Ids are drawn below this.
    var vocab: Int { layer.parameters.first?.shape[0] ?? 1 }

    /// A micro-batch's own tensors. Outputs that are views share their input's memory, and so do their gradients.
    func makeFrame(key: RandomKey = RandomKey(seed: 5, layer: 16), wantsInputGradients: Bool = true) -> LayerFrame {
        var frame = LayerFrame()
        frame.inputs = inputs.map { backend.make($0) }
        frame.inputGradients = inputs.indices.map {
            wantsInputGradients && !plan.withoutGradient.contains($0) ? backend.make(inputs[$0]) : nil
        }
        for (i, spec) in plan.outputs.enumerated() {
            let view = plan.views[i]
            frame.outputs.append(view.map { frame.inputs[$0].reshaped(spec.shape) } ?? backend.make(spec))
            let gradient = view.flatMap { frame.inputGradients[$0] }?.reshaped(spec.shape)
            frame.outputGradients.append(gradient ?? backend.make(spec))
        }
        frame.saved = plan.saved.map { backend.make($0) }
        frame.deferred = plan.deferred.map { backend.make($0) }
        frame.parameters = parameters
        frame.gradients = gradients
        frame.scratch = scratch
        frame.pieces = plan.pieces
        frame.key = key
        frame.group = LonelyShard()
        return frame
    }

    func forward(_ frame: LayerFrame, _ values: [[Double]]) -> [[Double]] {
        for (x, value) in zip(frame.inputs, values) { backend.write(value, to: x) }
        backend.poison(scratch)
        layer.forward(frame, on: backend)
        return frame.outputs.map(backend.read)
    }

    /// The input gradients, empty where there is none.
    func backwardInput(_ frame: LayerFrame, _ gradients: [[Double]]) -> [[Double]] {
        if !plan.keepsInputs { frame.inputs.forEach(backend.poison) }
        if !plan.keepsOutputs { zip(frame.outputs, 0...).forEach { if !isView($1) { backend.poison($0) } } }
        for (dy, value) in zip(frame.outputGradients, gradients) { backend.write(value, to: dy) }
        backend.poison(scratch)
        layer.backwardInput(frame, on: backend)
        let result = frame.inputGradients.map { $0.map(backend.read) ?? [] }
        if !plan.keepsOutputGradients { frame.outputGradients.forEach(backend.poison) }
        return result
    }

    private func isView(_ output: Int) -> Bool { plan.views[output] != nil }

    func backwardWeight(_ frame: LayerFrame) {
        backend.poison(scratch)
        layer.backwardWeight(frame, on: backend)
    }

    func zeroGradients() { gradients.forEach(backend.zero) }
    func readGradients() -> [[Double]] { gradients.map(backend.read) }
}
