import Glibc

/// Whole files, by POSIX calls. A path means what it says: `~` is a name like any other, where Foundation's calls expand
/// it in some places and not in others. Every descriptor is closed in child processes.
package enum File {
    // MARK: Looking

    /// Whether something is at this path.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether the path itself is a symbolic link, whatever it leads to.
    package static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// The names in a folder, sorted, without `.` and `..`.
    package static func names(in folder: String) throws(SystemError) -> [String] {
        guard let stream = opendir(folder) else { throw SystemError("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The path from the root: this process's working directory before a relative one.
    package static func absolute(_ path: String) throws(SystemError) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else {
            throw SystemError("find the working directory, to look there for", path)
        }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    /// Bytes of the file; nil where there is none.
    package static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Bytes that this user may still write to the file system of a path, which must exist.
    package static func freeBytes(at path: String) throws(SystemError) -> Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError("examine the file system of", path) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int(clamping: bytes)
    }

    // MARK: Reading

    /// Everything that the file holds.
    /// - Parameter limit: bytes; a larger file throws before memory is taken. A file that grows meanwhile is read up to
    ///   the limit, and throws then.
    package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw SystemError("read", path) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw SystemError("read", path, errno: EISDIR) }
        let size = Int(status.st_size)
        guard size <= limit else { throw SystemError("read", path, .tooLarge(bytes: size, limit: limit)) }
        var bytes: [UInt8] = []
        // Files below /proc say that they have no bytes.
        var chunk = [UInt8](repeating: 0, count: max(min(size + 1, 1 << 20), 4096))
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw SystemError("read", path, .tooLarge(bytes: bytes.count, limit: limit))
            }
        }
    }

    /// The file's text; bytes that are no UTF-8 become U+FFFD.
    package static func text(_ path: String, limit: Int) throws(SystemError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// The file's first line, without its end.
    /// - Parameter limit: bytes; of a longer line so many.
    package static func firstLine(_ path: String, limit: Int) throws(SystemError) -> String {
        var bytes: [UInt8] = []
        _ = try FileStream(path).read(limit, into: &bytes)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    // MARK: Writing

    /// Makes the file, or replaces its contents in place.
    package static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(SystemError) {
        let file = try create(path)
        defer { close(file) }
        try write(Array(bytes), to: file, path: path)
    }

    /// Replaces the file whole: a reader sees the old contents or the new ones, and a failure leaves the old ones.
    ///
    /// A device or a pipe takes the bytes as they come, and a link stays one: what it names is replaced.
    package static func replace(_ path: String, with bytes: some Sequence<UInt8>) throws(SystemError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG, status.st_mode & S_IFMT != S_IFDIR {
            return try write(bytes, to: path)
        }
        let bytes = Array(bytes)
        try replaceWhole(path) { file throws(SystemError) in try write(bytes, to: file, path: path) }
    }

    /// Replaces the file whole with what another one holds.
    package static func copy(_ path: String, to target: String) throws(SystemError) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw SystemError("open", path) }
        defer { close(source) }
        try replaceWhole(target) { file throws(SystemError) in
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = Glibc.read(source, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SystemError("read", path) }
                guard count > 0 else { return }
                try write(Array(chunk[..<count]), to: file, path: target)
            }
        }
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// - Parameter fill: writes to the draft, open, that then takes the place of what the path or its link names.
    private static func replaceWhole(
        _ path: String, _ fill: (Int32) throws(SystemError) -> Void
    ) throws(SystemError) {
        let place = isLink(path) ? realPath(path) ?? path : path
        let draft = "\(place).\(getpid()).partial"
        do throws(SystemError) {
            let file = try create(draft)
            defer { close(file) }
            try fill(file)
            guard rename(draft, place) == 0 else { throw SystemError("replace", place) }
        } catch {
            unlink(draft)
            throw error.path == draft ? SystemError(error.operation, place, error.reason) : error
        }
    }

    /// An empty file to write to, open; the caller closes it.
    /// - Parameter flags: beside those that make and empty it, as `O_APPEND`.
    package static func create(_ path: String, flags: Int32 = 0) throws(SystemError) -> Int32 {
        let file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC | flags, 0o644)
        guard file >= 0 else { throw SystemError("create", path) }
        return file
    }

    /// Writes all bytes to an open file, waiting for room where the descriptor does not block.
    package static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { throw SystemError("write", path) }
                var wanted = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
                continue
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes a folder and those above it that are missing.
    package static func makeFolder(_ path: String) throws(SystemError) {
        if mkdir(path, 0o755) == 0 { return }
        if errno == EEXIST, isFolder(path) { return }
        guard errno == ENOENT, let slash = path.dropLast().lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("make the folder", path)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || (errno == EEXIST && isFolder(path)) else {
            throw SystemError("make the folder", path)
        }
    }

    /// Renames a file or a folder within its file system; what the new name named is replaced.
    package static func move(_ path: String, to target: String) throws(SystemError) {
        guard rename(path, target) == 0 else { throw SystemError("rename", path) }
    }

    /// Cuts a file off behind so many bytes.
    package static func truncate(_ path: String, to count: Int) throws(SystemError) {
        guard Glibc.truncate(path, off_t(count)) == 0 else { throw SystemError("cut off", path) }
    }

    /// Waits until the names in a folder are on disk: what was made, renamed or removed there lasts from then on.
    package static func syncFolder(_ path: String) throws(SystemError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw SystemError("open", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw SystemError("sync", path) }
    }

    /// Waits until what a file holds is on disk.
    package static func sync(_ path: String) throws(SystemError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw SystemError("sync", path) }
    }

    /// Makes a file that is on disk when the call returns.
    /// - Throws: also where it exists.
    package static func writeDurably(_ bytes: some Sequence<UInt8>, to path: String) throws(SystemError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemError("create", path) }
        defer { close(file) }
        try write(Array(bytes), to: file, path: path)
        guard fsync(file) == 0 else { throw SystemError("sync", path) }
    }

    /// Removes a file or a folder with all that it holds, as far as that goes. Links are removed, not followed.
    package static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        for name in (try? names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
