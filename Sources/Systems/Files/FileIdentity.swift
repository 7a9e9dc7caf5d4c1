import Glibc

/// Which file a path names on this machine, and since when it has its contents, by what the file system keeps of them.
/// Says nothing about files of another machine: compare those by `ContentHash`.
package struct FileIdentity: Hashable, Sendable, CustomStringConvertible {
    package var device: UInt
    package var inode: UInt
    package var byteCount: Int
    /// When the contents were last written, in nanoseconds since 1970: a program can set it to anything.
    package var modified: Int
    /// When contents or attributes last changed, likewise: only the system sets it.
    package var changed: Int

    package init(path: String) throws(SystemError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("find", path) }
        self.init(status)
    }

    init(descriptor: Int32, path: String) throws(SystemError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("examine", path) }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        byteCount = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    /// The same file, not written to in between. Its attributes may have changed.
    package func hasSameContents(as other: FileIdentity) -> Bool {
        isSameFile(as: other) && byteCount == other.byteCount && modified == other.modified
    }

    package func isSameFile(as other: FileIdentity) -> Bool { device == other.device && inode == other.inode }

    /// Equal as long as the contents are the same.
    package var description: String { "\(byteCount) bytes, inode \(device):\(inode), modified at \(modified)" }

    /// A time of the file's owner can be any number: whole seconds are multiplied with wrap-around.
    private static func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
}
