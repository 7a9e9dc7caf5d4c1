import Glibc

/// A regular file, read where it is asked for into the caller's memory.
///
/// Nothing is mapped: a mapped file that shrinks kills the process that touches what is gone (SIGBUS), a read that comes
/// short is an error with the file's name. What the page cache holds is copied at several GB/s.
package final class RegularFile: Sendable {
    package let path: String
    /// When it was opened.
    package let byteCount: Int
    /// What the name named when it was opened.
    package let identity: FileIdentity
    /// nil: opened for each read.
    private let descriptor: Int32?

    /// Throws when there is no regular file that can be read.
    /// - Parameter staysOpen: costs a descriptor. Without one the file is opened for each read.
    package init(_ path: String, staysOpen: Bool = true) throws(SystemError) {
        let (file, status) = try Self.open(path)
        self.path = path
        byteCount = Int(status.st_size)
        identity = FileIdentity(status)
        descriptor = staysOpen ? file : nil
        if !staysOpen { close(file) }
    }

    deinit { if let descriptor { close(descriptor) } }

    /// Fills `out` with the bytes from `offset` on. Throws when the file is shorter than it was, or its name now names
    /// another file (which is noticed where it does not stay open). Besides the copy it costs one `fstat`, 200 ns.
    /// - Returns: the identity behind the read: what was read is as old as `modified` says.
    @discardableResult
    package func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) throws(SystemError) -> FileIdentity {
        guard let descriptor else {
            let (file, status) = try Self.open(path)
            defer { close(file) }
            guard FileIdentity(status).isSameFile(as: identity) else { throw SystemError("read", path, .changed) }
            return try read(at: offset, into: out, from: file)
        }
        return try read(at: offset, into: out, from: descriptor)
    }

    /// Tells the kernel whether the file will be read in order. Only speed depends on it.
    package func advise(inOrder: Bool) {
        guard let descriptor else { return }
        _ = posix_fadvise(descriptor, 0, 0, inOrder ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_RANDOM)
    }

    /// The first bytes, at most so many, for a look at what the file is.
    package func head(_ count: Int) throws(SystemError) -> [UInt8] {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, byteCount), alignment: 16)
        defer { bytes.deallocate() }
        try read(at: 0, into: bytes)
        return Array(bytes)
    }

    private func read(
        at offset: Int, into out: UnsafeMutableRawBufferPointer, from file: Int32
    ) throws(SystemError) -> FileIdentity {
        var done = 0
        while done < out.count {
            let count = pread(file, out.baseAddress.map { $0 + done }, out.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path) }
            guard count > 0 else { break }
            done += count
        }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw SystemError("examine", path) }
        guard done == out.count, status.st_size >= byteCount else {
            // Grown again since the read came short, it is not what it was either.
            guard status.st_size < byteCount else { throw SystemError("read", path, .changed) }
            throw SystemError("read", path, .shrunk(from: byteCount, to: Int(status.st_size)))
        }
        return FileIdentity(status)
    }

    private static func open(_ path: String) throws(SystemError) -> (Int32, stat) {
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw SystemError("open", path) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let error = SystemError("examine", path)
            close(file)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw SystemError("read", path, .notRegular)
        }
        return (file, status)
    }
}
