#if canImport(Glibc)
    import Glibc
#endif

/// A private directory (mode 0700) for the ipc sockets of one run. It is gone as soon as all links are connected.
final class SocketDirectory {
    let path: String
    private var isRemoved = false

    /// - Parameter parent: where to make it; a short path, because a Unix socket's is limited.
    init(in parent: String) throws(TransportError) {
        var template = Array("\(parent)/echelon-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
        guard made else { throw .lastError("make a directory for sockets in \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard chmod(path, 0o700) == 0 else { throw .lastError("protect \(path)") }
    }

    /// Removes the directory with everything in it. May be called again.
    func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        Self.removeFiles(in: path)
    }

    /// Removes a directory of sockets; one that does not exist is no error.
    static func removeFiles(in path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    deinit { remove() }
}
