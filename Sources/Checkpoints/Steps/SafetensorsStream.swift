internal import Glibc
package import Systems

/// Writes a safetensors file from its first byte to its last, durably, and hashes what it writes.
///
///     let stream = try SafetensorsStream(creating: path, layout)
///     for tensor in layout.tensors { try stream.append(bytes(of: tensor.name)) }
///     let file = try stream.finish()
///
/// Errors are those of the system, so that a full disk can be told from a broken one.
package final class SafetensorsStream {
    /// What a finished file holds.
    package struct Written: Hashable, Sendable {
        package var byteCount: Int
        /// SHA-256 in hexadecimal digits.
        package var hash: String
    }

    package let path: String
    private let layout: SafetensorsLayout
    private let descriptor: Int32
    private var hash = SHA256()
    private var written = 0
    private var isOpen = true

    /// What is hashed and written at once: it stays in the processor's cache.
    private static let pieceBytes = 1 << 20

    /// - Throws: also where the file exists.
    package init(creating path: String, _ layout: SafetensorsLayout) throws(SystemError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("create", path) }
        self.path = path
        self.layout = layout
        try layout.header.withUnsafeBufferPointer { header throws(SystemError) in
            try append(UnsafeRawBufferPointer(header))
        }
    }

    deinit { if isOpen { close(descriptor) } }

    /// The bytes that follow: those of the layout's tensors, one behind the other.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        precondition(isOpen && bytes.count <= layout.fileByteCount - written, "more bytes than the file has")
        var start = 0
        while start < bytes.count {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.pieceBytes, bytes.count)])
            hash.add(piece)
            try writePiece(piece)
            start += piece.count
        }
    }

    private func writePiece(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while rest.count > 0 {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            written += count
        }
    }

    /// Waits until all is on disk and closes the file. An error of the disk is final: the system may have dropped what
    /// it could not write, and a second call would succeed.
    package func finish() throws(SystemError) -> Written {
        precondition(isOpen && written == layout.fileByteCount, "a file of \(written) bytes is not whole")
        guard fdatasync(descriptor) == 0 else { throw SystemError("sync", path) }
        isOpen = false
        guard close(descriptor) == 0 else { throw SystemError("close", path) }
        return Written(byteCount: written, hash: hash.finish())
    }
}
