internal import CZeroMQ

/// What this machine's ZeroMQ can do.
package struct TransportFacts: Hashable, Sendable {
    /// `4.3.4`
    package var version: String
    /// Sockets between processes of one machine.
    package var hasIPC: Bool
    /// Encrypted and authenticated connections, which links between machines need.
    package var hasCURVE: Bool

    /// Of the library that this process has loaded.
    package static var current: TransportFacts {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return TransportFacts(
            version: "\(major).\(minor).\(patch)", hasIPC: zmq_has("ipc") == 1, hasCURVE: zmq_has("curve") == 1)
    }

    /// Makes a socket as a run does, in a directory of its own inside `parent`, and removes both.
    /// - Throws: why a run could not start.
    package static func trySockets(in parent: String) throws(TransportError) {
        let directory = try SocketDirectory(in: parent)
        defer { directory.remove() }
        let context = try Context()
        defer { context.end() }
        let socket = try Socket(context, ZMQ_PULL)
        defer { socket.close(lingerMilliseconds: 0) }
        try socket.bind("ipc://\(directory.path)/doctor")
    }
}
