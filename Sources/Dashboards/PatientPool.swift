import FlyingSocks

/// A socket pool whose patience ends: a connection that neither sends nor takes anything for so long is closed, and one
/// too many at once.
struct PatientPool<Base: AsyncSocketPool>: AsyncSocketPool {
    private let base: Base
    private let patience: Duration
    /// Descriptors are given out from the lowest free one up, so those above this are connections too many.
    private let largestDescriptor: Int32

    init(_ base: Base, patience: Duration, largestDescriptor: Int32) {
        self.base = base
        self.patience = patience
        self.largestDescriptor = largestDescriptor
    }

    func prepare() async throws { try await base.prepare() }
    func run() async throws { try await base.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        // The listening socket has no peer, and waits for as long as it takes.
        guard (try? socket.remotePeer()) != nil else {
            return try await base.suspendSocket(socket, untilReadyFor: events)
        }
        guard socket.file.rawValue <= largestDescriptor else { throw SocketError.disconnected }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await base.suspendSocket(socket, untilReadyFor: events) }
            group.addTask {
                try await Task.sleep(for: patience)
                throw SocketError.disconnected
            }
            try await group.next()
        }
    }
}
