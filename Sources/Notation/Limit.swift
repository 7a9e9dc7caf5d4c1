/// The largest numbers that every kind of manifest shares: far beyond what runs, and small enough that products of a few
/// fit an Int. A room adds its own where it reads them.
package enum Limit {
    /// Bytes of one file.
    package static let fileBytes = 1 << 20
    /// Lists and mappings inside one another.
    package static let depth = 32
    /// An axis: width, vocabulary, positions.
    package static let extent = 1 << 24
    /// Elements of one sample: a product of extents.
    package static let elements = 1 << 40
    /// Steps, and other counts.
    package static let count = 1 << 40
    /// Axes of a tensor.
    package static let rank = 8
    /// Bytes of a name that becomes a file's or a folder's.
    package static let name = 255
}
