internal import Systems

/// A private directory for the ipc sockets of one run. It is gone as soon as all links are connected.
final class SocketDirectory {
    private let folder: OwnedFolder
    var path: String { folder.path }

    /// - Parameter parent: where to make it; a short path, because a Unix socket's is limited.
    init(in parent: String) throws(TransportError) {
        do throws(SystemError) {
            folder = try OwnedFolder(ScratchFolder.socketsName, in: parent, .sockets)
        } catch {
            guard case .system(let number) = error.reason else { throw .system("\(error)", code: 0) }
            throw .system("\(error.operation) \(error.path)", code: number)
        }
    }

    /// Removes the directory with everything in it. May be called again.
    func remove() { folder.remove() }
}
