import Glibc

/// A private file that lives no longer than its owner, and that nothing is left of however the process ends: its name is
/// gone before anything is written. This process reads it by `path`.
package final class ScratchFile: Sendable {
    /// `/proc/self/fd/7`: means the file in this process alone.
    package let path: String
    private let descriptor: Int32

    /// - Parameter name: what the file is called for the moment that it has a name.
    package init(_ name: String, _ bytes: some Sequence<UInt8>) throws(SystemError) {
        var template = Array("\(ScratchFolder.parent)/\(name)-XXXXXX".utf8CString)
        descriptor = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkstemp($0) } ?? -1 }
        guard descriptor >= 0 else { throw SystemError("make a file in", ScratchFolder.parent) }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        path = "/proc/self/fd/\(descriptor)"
        do throws(SystemError) { try File.write(Array(bytes), to: descriptor, path: path) } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }
}
