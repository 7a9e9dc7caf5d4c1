import Tensors

/// Checks of a layer's input. Every failure says what was expected and what was found.
extension Signature {
    /// `f32[2 × 256 × 192]`, or `a tuple of 2 tensors: …`.
    var words: String {
        switch count {
        case 0: "nothing"
        case 1: self[0].words
        default: "a tuple of \(count) tensors: " + map(\.words).joined(separator: ", ")
        }
    }

    /// The one tensor, of any type, with a batch axis.
    func oneTensor() throws(LayerError) -> TensorSpec {
        guard count == 1 else { throw LayerError(expected: "one tensor", got: words) }
        return try self[0].checked()
    }

    /// The one tensor of activations: `[batch, …, width]`.
    func activations(width: Int) throws(LayerError) -> TensorSpec {
        let x = try oneTensor()
        try x.requireFloatingPoint()
        guard x.shape.rank >= 2 else { throw LayerError(expected: "[batch × … × \(width)]", got: words) }
        guard x.shape.width == width else { throw LayerError(expected: "width \(width)", got: words) }
        return x
    }

    /// The one tensor of activations: `[batch, sequence, width]`.
    func sequences(width: Int) throws(LayerError) -> TensorSpec {
        let x = try activations(width: width)
        guard x.shape.rank == 3 else { throw LayerError(expected: "[batch × sequence × \(width)]", got: words) }
        return x
    }

    /// A tuple of at least `least` tensors of activations of one element type.
    func tuple(least: Int) throws(LayerError) -> Signature {
        guard count >= least else { throw LayerError(expected: "a tuple of at least \(least) tensors", got: words) }
        for x in self {
            try x.checked().requireFloatingPoint()
            guard x.dtype == self[0].dtype else { throw LayerError(expected: "one element type", got: words) }
        }
        return self
    }
}

extension TensorSpec {
    /// Rows and widths go to BLAS as 32-bit numbers.
    static let greatestExtent = Int(Int32.max)
    /// One tensor's bytes; far beyond any memory, and sums of many tensors still fit an Int.
    static let greatestByteCount = 1 << 48

    /// The tensor's shape, preceded by the element type where that is not f32.
    var words: String { dtype == .f32 ? shape.description : description }

    /// A spec whose size can be computed; extents may come from anywhere.
    static func checked(_ extents: [Int], _ dtype: DType = .f32) throws(LayerError) -> TensorSpec {
        func fail(_ expected: String) -> LayerError {
            LayerError(expected: expected, got: "[" + extents.map(String.init).joined(separator: " × ") + "]")
        }
        guard extents.allSatisfy({ $0 >= 1 }) else { throw fail("extents of at least 1") }
        guard let rows = product(Array(extents.dropLast())), rows <= greatestExtent,
            extents.last ?? 1 <= greatestExtent
        else { throw fail("at most \(greatestExtent) rows and columns") }
        guard let bytes = product(extents + [dtype.size]), bytes <= greatestByteCount else {
            throw fail("a tensor of at most 256 TiB")
        }
        return TensorSpec(Shape(extents), dtype)
    }

    /// The same spec, if it has a batch axis and its size can be computed.
    func checked() throws(LayerError) -> TensorSpec {
        guard shape.rank >= 1 else { throw LayerError(expected: "a tensor with a batch axis", got: "a scalar") }
        return try TensorSpec.checked(shape.extents, dtype)
    }

    func requireFloatingPoint() throws(LayerError) {
        guard dtype.isFloatingPoint else { throw LayerError(expected: "floating-point numbers", got: description) }
    }
}

/// The product, or nil if it does not fit.
func product(_ factors: [Int]) -> Int? {
    var result = 1
    for factor in factors {
        let (next, overflow) = result.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        result = next
    }
    return result
}
