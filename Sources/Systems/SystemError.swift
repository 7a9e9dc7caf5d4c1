import Glibc

/// An operation on a file that the system refused, or that a limit of ours forbids.
///
/// `description` is one line for a user: what was tried, on which path, and why it failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The system's error number.
        case system(Int32)
        /// A file of so many bytes where at most `limit` are read.
        case tooLarge(bytes: Int, limit: Int)
        /// A folder, a device, a pipe.
        case notRegular
        /// The file ended before what it held when it was opened.
        case shrunk(from: Int, to: Int)
        /// The name names another file, or one that was written to since.
        case changed
    }

    /// What was tried, as `open` or `write`.
    package var operation: String
    package var path: String
    package var reason: Reason

    package init(_ operation: String, _ path: String, _ reason: Reason) {
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    /// - Parameter number: the system's error number, `errno` right after the call.
    package init(_ operation: String, _ path: String, errno number: Int32 = errno) {
        self.init(operation, path, .system(number))
    }

    /// Whether the path names nothing.
    package var isMissing: Bool { reason == .system(ENOENT) || reason == .system(ENOTDIR) }

    /// Whether the device, or the user's share of it, has no room left: the same call may work later.
    package var isFull: Bool { [.system(ENOSPC), .system(EDQUOT)].contains(reason) }

    /// Whether something of the machine was lacking that others gave back or an administrator grants: room on a disk,
    /// descriptors, processes, memory. The same call may work later; any other failure stays until the user changes
    /// something.
    package var isLacking: Bool {
        guard case .system(let number) = reason else { return false }
        return isFull || [EAGAIN, ENOMEM, EMFILE, ENFILE, ENOBUFS, EIO, EINTR].contains(number)
    }

    package var description: String { "cannot \(operation) \(shownPath): \(explanation)" }

    /// Of a very long path its end, so that the reason behind it is read.
    private var shownPath: String {
        let length = path.unicodeScalars.count
        guard length > 300 else { return path.printable() }
        return "…" + String(String.UnicodeScalarView(path.unicodeScalars.suffix(250))).printable()
    }

    /// Why it failed: what stands behind the colon of `description`.
    package var explanation: String {
        switch reason {
        case .system(ENOSPC) where lacksInodes: "its file system holds as many files as it can (no inode is free)"
        case .system(let number): String(cString: strerror(number))
        case .tooLarge(let bytes, let limit): "it has \(bytes) bytes, expected at most \(limit)"
        case .notRegular: "not a regular file"
        case .shrunk(let from, let to):
            "it had \(from) bytes when it was opened and has \(to) now: it was cut short or replaced meanwhile"
        case .changed: "it was changed or replaced since it was opened"
        }
    }

    /// Whether the file system of the path has room for bytes, but not for another file.
    private var lacksInodes: Bool {
        var folder = path[...]
        while true {
            var status = statvfs()
            if statvfs(folder.isEmpty ? "/" : String(folder), &status) == 0 {
                return status.f_files > 0 && status.f_favail == 0 && status.f_bavail > 0
            }
            guard let slash = folder.lastIndex(of: "/"), !folder.isEmpty else { return false }
            folder = folder[..<slash]
        }
    }
}
