internal import Glibc
package import Tensors

/// Fills a worker's tensors into a file that a `SafetensorsDraft` created, each at its place in the layout.
package final class SafetensorsWriter {
    package let path: String
    private let layout: SafetensorsLayout
    private let descriptor: Int32
    /// Bytes written of each tensor, from its begin on.
    private var written: [String: Int] = [:]
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
        precondition(bytes.count == layout[name]?.range.count, "\(bytes.count) bytes for \(name)")
        precondition(written[name] == nil, "\(name) is written twice")
        try append(bytes, to: name)
    }

    /// Writes the elements that a part of the tensor has, wherever they lie in it; others write the rest. The layout must
    /// have the whole tensor, and each part is written once.
    package func write(_ name: String, _ bytes: UnsafeRawBufferPointer, _ slice: TensorSlice) throws(CheckpointError) {
        guard let tensor = layout[name] else { preconditionFailure("the layout has no \(name)") }
        let size = tensor.range.count / max(slice.whole.count, 1)
        precondition(
            size * slice.whole.count == tensor.range.count && size * slice.shape.count == bytes.count,
            "\(bytes.count) bytes for a part of \(name)")
        precondition(isOpen && written[name] == nil, "\(name) is written twice, or after finish")
        let start = layout.offset(of: tensor)
        try slice.forEachRun { run throws(CheckpointError) in
            let part = UnsafeRawBufferPointer(rebasing: bytes[run.part * size..<(run.part + run.count) * size])
            try writeAll(part, to: descriptor, at: start + run.whole * size, path)
        }
        written[name] = bytes.count
    }

    /// Writes the next bytes of a tensor that is written piece by piece. The layout must have it, with room for them.
    package func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws(CheckpointError) {
        guard let tensor = layout[name] else { preconditionFailure("the layout has no \(name)") }
        let start = written[name, default: 0]
        precondition(
            isOpen && bytes.count <= tensor.range.count - start, "more bytes than \(name) has, or after finish")
        try writeAll(bytes, to: descriptor, at: layout.offset(of: tensor) + start, path)
        written[name] = start + bytes.count
    }

    /// Writes some of a tensor's elements, which others of it are written beside by other writers.
    /// - Parameter start: the first byte's place in the tensor.
    package func write(_ name: String, at start: Int, _ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        guard let tensor = layout[name] else { preconditionFailure("the layout has no \(name)") }
        precondition(
            isOpen && start >= 0 && bytes.count <= tensor.range.count - start, "bytes beyond \(name), or after finish")
        try writeAll(bytes, to: descriptor, at: layout.offset(of: tensor) + start, path)
        written[name, default: 0] += bytes.count
    }

    /// Waits until all is on disk and closes the file. Returns how many bytes of data this writer wrote.
    package func finish() throws(CheckpointError) -> Int {
        precondition(isOpen, "a writer finishes once")
        isOpen = false
        defer { close(descriptor) }
        guard fdatasync(descriptor) == 0 else { throw .system(path, "sync") }
        return written.values.reduce(0, +)
    }

    private func hasHeader() -> Bool {
        var header = [UInt8](repeating: 0, count: layout.header.count)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count == header.count && header == layout.header
    }
}
