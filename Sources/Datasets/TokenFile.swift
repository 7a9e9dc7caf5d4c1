/// A raw file of little-endian token ids without header, as nanoGPT writes them.
package final class TokenFile: TokenSource {
    package enum Element: String, Hashable, Sendable, CaseIterable {
        case u16
        case i32

        /// Bytes of one token.
        package var size: Int { self == .u16 ? 2 : 4 }
    }

    package let element: Element
    private let file: DataFile

    /// Throws when the file cannot be read, its size is no multiple of the element's, or it is of another format.
    package init(path: String, type element: Element) throws(DatasetError) {
        self.element = element
        file = try DataFile(path: path)
        try file.requireRawNumbers()
        guard file.byteCount % element.size == 0 else {
            throw .size(
                path: path, bytes: file.byteCount,
                expected: "a multiple of \(element.size) bytes for tokens of type \(element.rawValue)")
        }
    }

    package var count: Int { file.byteCount / element.size }
    package var name: String { file.path }

    package func copy(_ range: Range<Int>, into out: UnsafeMutableBufferPointer<Int32>) throws(DatasetError) {
        requireRoom(range, in: count, out)
        let tokens = UnsafeMutableBufferPointer(rebasing: out[..<range.count])
        switch element {
        case .u16: try tokens.fill(from: file, at: 2 * range.lowerBound, as: UInt16.self)
        case .i32: try tokens.fill(from: file, at: 4 * range.lowerBound, as: Int32.self)
        }
    }

    package func location(of token: Int) -> TokenLocation {
        TokenLocation(source: file.path, token: token, byte: token * element.size)
    }

    package func firstToken(
        notBelow vocabulary: Int, in range: Range<Int>, cache: ScanCache
    ) throws(DatasetError) -> Int? {
        let limit = UInt64(vocabulary)
        return switch element {
        case .u16: try file.firstNumber(notBelow: limit, in: range, as: UInt16.self, cache: cache)
        // As unsigned numbers, negative ones are beyond every vocabulary.
        case .i32: try file.firstNumber(notBelow: limit, in: range, as: UInt32.self, cache: cache)
        }
    }

    package func prepare(for order: SampleOrder) { file.prepare(for: order) }
}

extension UnsafeMutableBufferPointer<Int32> {
    /// Reads little-endian integers into the end of the buffer and widens them from its start: the place that one is
    /// written to was read before. No memory is needed beside it.
    func fill<Stored: FixedWidthInteger & BitwiseCopyable>(
        from file: DataFile, at offset: Int, as: Stored.Type
    ) throws(DatasetError) {
        let size = MemoryLayout<Stored>.size
        let bytes = UnsafeMutableRawBufferPointer(self)
        let start = bytes.count - count * size
        try file.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
        guard start > 0 else { return }
        for index in indices {
            let stored = bytes.loadUnaligned(fromByteOffset: start + index * size, as: Stored.self)
            self[index] = Int32(truncatingIfNeeded: Stored(littleEndian: stored))
        }
    }
}
