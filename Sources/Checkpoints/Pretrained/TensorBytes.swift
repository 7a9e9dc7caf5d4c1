internal import Systems

/// The bytes of a file that hold a tensor, read where they are asked for.
struct TensorBytes: Sendable {
    let file: RegularFile
    /// From the file's begin on; the file had them when it was opened.
    let range: Range<Int>

    /// Fills `out` with the bytes from `offset` of them on. Throws where the file was replaced or written to since it was
    /// opened.
    func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
        precondition(offset >= 0 && offset + out.count <= range.count, "bytes that the tensor does not have")
        do throws(SystemError) {
            let identity = try file.read(at: range.lowerBound + offset, into: out)
            guard identity.hasSameContents(as: file.identity) else { throw SystemError("read", file.path, .changed) }
        } catch {
            throw CheckpointError(error)
        }
    }

    /// Lends all bytes in order, aligned, half a mebibyte at a time unless a block is larger, with where they begin.
    /// - Parameter block: bytes that are never parted.
    func forEachChunk(
        of range: Range<Int>? = nil, block: Int = 1,
        _ body: (Int, UnsafeRawBufferPointer) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        let range = range ?? 0..<self.range.count
        let largest = max(Self.chunkByteCount / block, 1) * block
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(largest, range.count), alignment: 64)
        defer { chunk.deallocate() }
        var start = range.lowerBound
        while start < range.upperBound {
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, range.upperBound - start)])
            try read(at: start, into: part)
            try body(start, UnsafeRawBufferPointer(part))
            start += part.count
        }
    }

    static let chunkByteCount = 1 << 19
}
