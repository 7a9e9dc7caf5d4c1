public import Notation
public import Tensors

/// Everything behind the batch axis becomes one axis: [batch, a, b, …] → [batch, a · b · …]. A view.
public struct Flatten: Layer {
    public static let syntax = KindSyntax("flatten", "All axes behind the batch become one.", Flatten())

    /// Without settings; as manifests write it: `flatten`.
    public init() {}

    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        let x = try input.oneTensor()
        return .view(of: x, as: try TensorSpec.checked([x.shape[0], x.count / x.shape[0]], x.dtype))
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {}
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {}
    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}

extension LayerPlan {
    /// The plan of a layer that only renames extents.
    static func view(of x: TensorSpec, as y: TensorSpec) -> LayerPlan {
        var plan = LayerPlan(outputs: [y], cost: LayerCost())
        plan.views = [0: 0]
        plan.withoutGradient = x.dtype.isFloatingPoint ? [] : [0]
        return plan
    }
}
