import Glibc

/// A private folder (mode 0700) for what lives no longer than its owner, `NAME-XXXXXX`.
///
/// While it is there its process holds a lock on it. One that was killed leaves it behind, with its lock free: whoever makes
/// the next of that name removes it.
package final class OwnedFolder {
    /// What lies in folders of a name.
    package enum Contents {
        case files
        /// Folders that hold anything else are nobody's to remove.
        case sockets
    }

    package let path: String
    /// The open folder, locked until it is closed, however this process ends.
    private let lock: Int32
    private var isRemoved = false

    /// - Parameters:
    ///   - name: what folders of its kind begin with; nobody else's do.
    ///   - parent: where to make it.
    package init(
        _ name: String, in parent: String = ScratchFolder.parent, _ contents: Contents = .files
    ) throws(SystemError) {
        Self.removeAbandoned(name + "-", in: parent, contents)
        while true {
            let path = try ScratchFolder.make(name, in: parent)
            do throws(SystemError) {
                // Between these two lines another process may take it for an abandoned one, and remove it.
                guard let lock = try Self.lock(path) else { continue }
                (self.path, self.lock) = (path, lock)
                return
            } catch {
                rmdir(path)
                throw error
            }
        }
    }

    /// - Returns: nil where the folder is not there any more.
    private static func lock(_ path: String) throws(SystemError) -> Int32? {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open", path)
        }
        // Where the file system knows no locks, nobody takes the folder for abandoned either.
        while flock(folder, LOCK_EX) != 0, errno == EINTR {}
        var (held, named) = (stat(), stat())
        if fstat(folder, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino { return folder }
        close(folder)
        return nil
    }

    /// Removes the folder with everything in it. May be called again.
    package func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        File.remove(path)
        // By name: a process that is just being started holds a copy of the open folder until its program runs.
        flock(lock, LOCK_UN)
        close(lock)
    }

    deinit { remove() }

    // MARK: What killed processes left

    /// Removes this user's folders whose owners are gone.
    private static func removeAbandoned(_ prefix: String, in parent: String, _ contents: Contents) {
        for name in (try? File.names(in: parent)) ?? [] where name.hasPrefix(prefix) {
            removeIfAbandoned("\(parent)/\(name)", contents)
        }
    }

    private static func removeIfAbandoned(_ path: String, _ contents: Contents) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        var status = stat()
        guard fstat(folder, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o777 == 0o700,
            flock(folder, LOCK_EX | LOCK_NB) == 0
        else { return }
        switch contents {
        case .files: File.remove(path)
        case .sockets:
            for name in (try? File.names(in: path)) ?? [] where isSocket(name, in: folder) {
                unlinkat(folder, name, 0)
            }
            rmdir(path)
        }
    }

    private static func isSocket(_ name: String, in folder: Int32) -> Bool {
        var status = stat()
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
}
