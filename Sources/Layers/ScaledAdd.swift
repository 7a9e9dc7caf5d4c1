package import Notation
package import Tensors

/// The first tensor of a pair plus `scale` times the second: the end of a scaled residual, which has no name of its own in
/// manifests.
package struct ScaledAdd: Layer {
    /// 10⁻⁶ … 65504.
    package internal(set) var scale: Double

    package static let syntax = KindSyntax(
        "scaled-add", "A pair → the first plus scale times the second.", ScaledAdd(scale: 1),
        [.required("scale", \.scale, .factor, "times the second")])

    /// Checked when a model is built.
    package init(scale: Double) { self.scale = scale }

    package var parameters: [ParameterSpec] { [] }

    package var separatesDocuments: Bool { true }

    package func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let pair = try input.tuple(least: 2)
        guard pair.count == 2, pair[0] == pair[1] else {
            throw LayerError(expected: "two tensors of one shape", got: input.words)
        }
        return LayerPlan(outputs: [pair[0]], cost: .elementwise(pair[0].count, forward: 2, backwardInput: 1))
    }

    package func forward(_ frame: LayerFrame, on backend: any Backend) {
        backend.addScaled(frame.inputs[1], by: Float(scale), to: frame.inputs[0], into: frame.outputs[0])
    }

    package func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let dy = frame.outputGradients[0]
        if let first = frame.inputGradients[0] { backend.copy(dy, to: first) }
        if let second = frame.inputGradients[1] { backend.scale(dy, by: Float(scale), into: second) }
    }

    package func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
