/// The extents of a row-major tensor, outermost first. A scalar has none.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
    /// The length of each axis, none negative.
    public var extents: [Int]

    /// - Precondition: no extent is negative.
    public init(_ extents: [Int]) {
        precondition(extents.allSatisfy { $0 >= 0 }, "negative extent in \(extents)")
        self.extents = extents
    }

    /// `[2, 256, 192]`
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// How many axes there are; 0 for a scalar.
    public var rank: Int { extents.count }
    /// How many elements there are: the product of the extents, 1 for a scalar. It must fit an Int.
    public var count: Int { extents.reduce(1, *) }
    /// The length of an axis, counted from the outermost.
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
    /// The extents, outermost first.
    public var shape: Shape
    /// The type of each element.
    public var dtype: DType

    /// Of f32 unless given.
    public init(_ shape: Shape, _ dtype: DType = .f32) {
        self.shape = shape
        self.dtype = dtype
    }

    /// How many elements there are.
    public var count: Int { shape.count }
    /// Bytes of all elements, without any padding.
    public var byteCount: Int { shape.count * dtype.size }
}

extension TensorSpec: CustomStringConvertible {
    public var description: String { "\(dtype)\(shape)" }
}

/// What crosses a layer boundary: one tensor, or a tuple of them.
public typealias Signature = [TensorSpec]
