internal import Glibc

/// Fills a worker's tensors into a file that a `SafetensorsDraft` created, each at its place in the layout.
package final class SafetensorsWriter {
    package let path: String
    private let layout: SafetensorsLayout
    private let descriptor: Int32
    private var written: Set<String> = []
    private var isOpen = true

    /// Opens `partialPath`. Throws when it cannot be opened or its size and header are not this layout's.
    package init(partialPath: String, layout: SafetensorsLayout) throws(CheckpointError) {
        descriptor = open(partialPath, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(partialPath, "open") }
        path = partialPath
        self.layout = layout
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(partialPath, "examine") }
        guard Int(status.st_size) == layout.fileByteCount, hasHeader() else {
            throw .malformed(
                path: partialPath, place: "its header", expected: "that of the tensors to be written",
                got: "another one")
        }
    }

    deinit { if isOpen { close(descriptor) } }

    /// Writes a tensor's elements, row-major and little-endian. The layout must have it, of that size, and it is
    /// written once.
    package func write(_ name: String, _ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        guard let tensor = layout[name] else { preconditionFailure("the layout has no \(name)") }
        precondition(bytes.count == tensor.range.count, "\(bytes.count) bytes for \(name), not \(tensor.range.count)")
        precondition(isOpen && written.insert(name).inserted, "\(name) is written twice, or after finish")
        try writeAll(bytes, to: descriptor, at: layout.offset(of: tensor), path)
    }

    /// Waits until all is on disk and closes the file. Returns how many bytes of data this writer wrote.
    package func finish() throws(CheckpointError) -> Int {
        precondition(isOpen, "a writer finishes once")
        isOpen = false
        defer { close(descriptor) }
        guard fdatasync(descriptor) == 0 else { throw .system(path, "sync") }
        return written.reduce(0) { $0 + (layout[$1]?.range.count ?? 0) }
    }

    private func hasHeader() -> Bool {
        var header = [UInt8](repeating: 0, count: layout.header.count)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count == header.count && header == layout.header
    }
}
