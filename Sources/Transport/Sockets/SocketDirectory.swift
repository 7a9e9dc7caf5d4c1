internal import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// A private directory (mode 0700) for the ipc sockets of one run. It is gone as soon as all links are connected.
///
/// While it is there its run holds a lock on it. A run that was killed leaves it behind, with its lock free: the next
/// run removes it.
final class SocketDirectory {
    let path: String
    /// The open directory, locked until it is closed, however this process ends.
    private let lock: Int32
    private var isRemoved = false

    private static let prefix = ScratchFolder.socketsName + "-"

    /// - Parameter parent: where to make it; a short path, because a Unix socket's is limited.
    init(in parent: String) throws(TransportError) {
        Self.removeAbandoned(in: parent)
        while true {
            var template = Array("\(parent)/\(Self.prefix)XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
            guard made else { throw .lastError("make a directory for sockets in \(parent)") }
            let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            do throws(TransportError) {
                // Between these two lines another run may take it for an abandoned one, and remove it.
                guard let lock = try Self.lock(path) else { continue }
                (self.path, self.lock) = (path, lock)
                return
            } catch {
                rmdir(path)
                throw error
            }
        }
    }

    /// - Returns: nil where the directory is not there any more.
    private static func lock(_ path: String) throws(TransportError) -> Int32? {
        guard chmod(path, 0o700) == 0 else {
            if errno == ENOENT { return nil }
            throw .lastError("protect \(path)")
        }
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            if errno == ENOENT { return nil }
            throw .lastError("open \(path)")
        }
        // Where the file system knows no locks, nobody takes the directory for abandoned either.
        while flock(directory, LOCK_EX) != 0, errno == EINTR {}
        var (held, named) = (stat(), stat())
        if fstat(directory, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino { return directory }
        close(directory)
        return nil
    }

    /// Removes the directory with everything in it. May be called again.
    func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        for name in Self.names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
        // By name: a process that is just being started holds a copy of the open directory until its program runs.
        flock(lock, LOCK_UN)
        close(lock)
    }

    deinit { remove() }

    private static func names(in path: String) -> [String] { (try? File.names(in: path)) ?? [] }

    // MARK: What killed runs left

    /// Removes this user's directories whose runs are over. One that a run holds, or that holds anything but sockets, stays.
    private static func removeAbandoned(in parent: String) {
        for name in names(in: parent) where name.hasPrefix(prefix) { removeIfAbandoned("\(parent)/\(name)") }
    }

    private static func removeIfAbandoned(_ path: String) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { return }
        defer { close(directory) }
        var status = stat()
        guard fstat(directory, &status) == 0, status.st_uid == geteuid(), flock(directory, LOCK_EX | LOCK_NB) == 0
        else {
            return
        }
        for name in names(in: path) {
            var status = stat()
            let isSocket =
                fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFSOCK
            if isSocket { unlinkat(directory, name, 0) }
        }
        rmdir(path)
    }
}
