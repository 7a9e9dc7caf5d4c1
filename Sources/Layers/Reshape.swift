public import Tensors

/// Gives each sample another shape of as many elements: [batch, …] → [batch, extents…]. A view.
public struct Reshape: Layer {
    /// Those behind the batch axis.
    public let extents: [Int]

    public init(_ extents: [Int]) { self.extents = extents }

    public var kind: String { "reshape" }
    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        let x = try input.oneTensor()
        let y = try TensorSpec.checked([x.shape[0]] + extents, x.dtype)
        guard y.count == x.count else {
            throw LayerError(expected: "\(y.count / y.shape[0]) elements per sample for \(y.words)", got: x.words)
        }
        return .view(of: x, as: y)
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {}
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {}
    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
