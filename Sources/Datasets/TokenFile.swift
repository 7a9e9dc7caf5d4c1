/// A raw file of little-endian token ids without header, as nanoGPT writes them.
public final class TokenFile: TokenSource {
    public enum Element: String, Hashable, Sendable, CaseIterable {
        case u16
        case i32

        /// Bytes of one token.
        public var size: Int { self == .u16 ? 2 : 4 }
    }

    public let element: Element
    private let file: MappedFile

    /// Throws when the file cannot be mapped or its size is no multiple of the element's.
    public init(path: String, type element: Element) throws(DatasetError) {
        self.element = element
        file = try MappedFile(path: path)
        guard file.bytes.count % element.size == 0 else {
            throw .size(
                path: path, bytes: file.bytes.count,
                expected: "a multiple of \(element.size) bytes for tokens of type \(element.rawValue)")
        }
    }

    public var count: Int { file.bytes.count / element.size }
    public var name: String { file.path }

    public func copy(_ range: Range<Int>, into out: UnsafeMutableBufferPointer<Int32>) {
        requireRoom(range, in: count, out)
        switch element {
        case .u16:
            for (i, token) in range.enumerated() {
                out[i] = Int32(UInt16(littleEndian: file.bytes.load(fromByteOffset: 2 * token, as: UInt16.self)))
            }
        case .i32:
            for (i, token) in range.enumerated() {
                out[i] = Int32(littleEndian: file.bytes.load(fromByteOffset: 4 * token, as: Int32.self))
            }
        }
    }

    public func location(of token: Int) -> TokenLocation {
        TokenLocation(source: file.path, token: token, byte: token * element.size)
    }

    public func prepare(for order: SampleOrder) { file.prepare(for: order) }
}
