public import Notation
public import Tensors

/// Gives each sample another shape of as many elements: [batch, …] → [batch, extents…]. A view.
public struct Reshape: Layer {
    /// Those behind the batch axis.
    public let extents: [Int]

    public static let syntax = KindSyntax(
        "reshape", "Gives each sample another shape of as many elements.", .shape, "the axes behind the batch",
        example: "reshape: [8, 64]", make: { Reshape($0) }, get: \.extents)

    /// The product of the extents is the number of elements of one sample; checked when a model is built.
    public init(_ extents: [Int]) { self.extents = extents }

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

extension ValueSyntax<[Int]> {
    /// The extents of one sample.
    fileprivate static var shape: Self {
        let extents = extents(of: "extents")
        return Self(
            "list of at most \(Limit.rank - 1) extents",
            read: { field throws(ManifestError) in
                let shape = try extents.read(field)
                guard shape.count < Limit.rank else {
                    throw field.error(
                        "\(shape.count) extents", expected: "at most \(Limit.rank - 1), the batch axis not counted")
                }
                return shape
            }, write: extents.write)
    }
}
