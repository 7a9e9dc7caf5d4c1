import Glibc

/// Which file a path names on this machine, and since when it has its contents: equal as long as it is the same one and
/// nobody wrote to it. Says nothing about files of another machine: compare those by `ContentHash`.
package struct FileIdentity: Hashable, Sendable, CustomStringConvertible {
    package var device: UInt64
    package var inode: UInt64
    package var byteCount: Int
    /// Nanoseconds of the last change of its contents; whole seconds are multiplied with wrap-around.
    package var changedAt: Int

    package init(path: String) throws(SystemError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("find", path) }
        self.init(status)
    }

    init(descriptor: Int32, path: String) throws(SystemError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("read", path) }
        self.init(status)
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int(status.st_size)
        changedAt = Int(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int(status.st_mtim.tv_nsec)
    }

    package var description: String { "\(byteCount) bytes, inode \(device):\(inode), changed at \(changedAt)" }
}
