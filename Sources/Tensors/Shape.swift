/// The extents of a row-major tensor, outermost first. A scalar has none.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
    public var extents: [Int]

    public init(_ extents: [Int]) {
        precondition(extents.allSatisfy { $0 >= 0 }, "negative extent in \(extents)")
        self.extents = extents
    }

    public init(arrayLiteral elements: Int...) { self.init(elements) }

    public var rank: Int { extents.count }
    public var count: Int { extents.reduce(1, *) }
    public subscript(_ axis: Int) -> Int { extents[axis] }

    /// The innermost extent: the width of a row. 1 for a scalar.
    public var width: Int { extents.last ?? 1 }
    /// How many rows of `width` elements there are.
    public var rows: Int { extents.dropLast().reduce(1, *) }
    /// The same extents with another innermost one.
    public func replacingWidth(_ width: Int) -> Shape { Shape(extents.dropLast() + [width]) }
}

extension Shape: CustomStringConvertible {
    public var description: String { "[" + extents.map(String.init).joined(separator: " × ") + "]" }
}

/// What is known of a tensor before it exists: shape and element type.
public struct TensorSpec: Hashable, Sendable {
    public var shape: Shape
    public var dtype: DType

    public init(_ shape: Shape, _ dtype: DType = .f32) {
        self.shape = shape
        self.dtype = dtype
    }

    public var count: Int { shape.count }
    public var byteCount: Int { shape.count * dtype.size }
}

extension TensorSpec: CustomStringConvertible {
    public var description: String { "\(dtype)\(shape)" }
}

/// What crosses a layer boundary: one tensor, or a tuple of them.
public typealias Signature = [TensorSpec]
