public import Notation
public import Tensors

/// A tuple's tensors side by side along the innermost axis.
///
/// [batch, …, a], [batch, …, b] → [batch, …, a + b].
public struct Concatenate: Layer {
    public static let syntax = KindSyntax(
        "concatenate", "A tuple → its tensors side by side along the last axis.", Concatenate())

    /// Without settings; as manifests write it: `concatenate`.
    public init() {}

    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        let tuple = try input.tuple(least: 2)
        let outer = tuple[0].shape.extents.dropLast()
        guard outer.count >= 1, tuple.allSatisfy({ $0.shape.extents.dropLast() == outer }) else {
            throw LayerError(expected: "tensors that differ in their innermost extent only", got: input.words)
        }
        let width = tuple.reduce(0) { $0 + $1.shape.width }
        return LayerPlan(outputs: [try TensorSpec.checked(outer + [width], tuple[0].dtype)], cost: LayerCost())
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        var start = 0
        for x in frame.inputs {
            backend.insertColumns(x, into: frame.outputs[0], at: start)
            start += x.shape.width
        }
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        var start = 0
        for (x, dx) in zip(frame.inputs, frame.inputGradients) {
            if let dx { backend.extractColumns(frame.outputGradients[0], from: start, into: dx) }
            start += x.shape.width
        }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
