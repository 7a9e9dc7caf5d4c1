package import Tensors

/// One tensor of a safetensors file.
package struct StoredTensor: Hashable, Sendable {
    package var name: String
    package var type: StoredType
    package var shape: Shape
    /// Bytes, from the start of the data behind the header.
    package var range: Range<Int>

    package init(name: String, type: StoredType, shape: Shape, range: Range<Int>) {
        self.name = name
        self.type = type
        self.shape = shape
        self.range = range
    }
}

/// A tensor's extents, read from outside: at most 8 axes, and count and bytes that fit in an Int.
enum CheckedExtents {
    static let maximumRank = 8

    /// How many elements there are, or nil when they overflow.
    static func count(_ extents: some Sequence<Int>) -> Int? { byteCount(Array(extents), of: 1) }

    /// Bytes of a tensor, or nil when they overflow.
    static func byteCount(_ extents: [Int], _ type: StoredType) -> Int? { byteCount(extents, of: type.size) }

    /// The same for elements of so many bytes.
    static func byteCount(_ extents: [Int], of size: Int) -> Int? {
        var bytes = size
        for extent in extents {
            guard extent >= 0 else { return nil }
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            bytes = product
        }
        return bytes
    }
}
