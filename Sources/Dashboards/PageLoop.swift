import Glibc

/// The server's thread: waits for sockets and for news, and moves each connection on.
struct PageLoop {
    private let listener: Int32
    private let handler: PageHandler
    private let control: PageControl
    private let limits: PageServer.Limits
    private let isLocal: (UInt32) -> Bool
    private var connections: [PageConnection] = []

    init(
        _ listener: Int32, _ handler: PageHandler, _ control: PageControl, limits: PageServer.Limits,
        isLocal: @escaping (UInt32) -> Bool
    ) {
        self.listener = listener
        self.handler = handler
        self.control = control
        self.limits = limits
        self.isLocal = isLocal
    }

    mutating func run() {
        while !control.isStopping { turn() }
        close(listener)
        for connection in connections { close(connection.file) }
        connections = []
        handler.board.setListenerCount(0)
    }

    private mutating func turn() {
        var wanted = [
            pollfd(fd: control.wakeUpRead, events: Int16(POLLIN), revents: 0),
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
        ]
        wanted += connections.map {
            pollfd(fd: $0.file, events: $0.wantedEvents, revents: 0)
        }
        _ = poll(&wanted, nfds_t(wanted.count), timeout)
        if wanted[0].revents != 0 { control.drain() }
        let now = ContinuousClock.now
        for index in connections.indices {
            let happened = Int32(wanted[index + 2].revents)
            if happened & (POLLIN | POLLHUP | POLLERR) != 0 { read(index, now) }
        }
        advance(now)
        if wanted[1].revents != 0 { accept(now) }
    }

    /// Milliseconds until the first connection is given up.
    private var timeout: Int32 {
        let rest = connections.map { ContinuousClock.now.duration(to: $0.deadline) }.min() ?? .seconds(60)
        return Int32(max(0, min(60, rest / .seconds(1))) * 1000 + 1)
    }

    private mutating func read(_ index: Int, _ now: ContinuousClock.Instant) {
        let isLocal = isLocal(connections[index].peer)
        connections[index].read(now) { handler.answer($0, isLocal: isLocal) }
    }

    /// Sends what is there to send, and lets go of those that are done, gone or out of time.
    private mutating func advance(_ now: ContinuousClock.Instant) {
        let edition = handler.board.edition
        for index in connections.indices {
            connections[index].send(now)
            connections[index].tell(edition, now)
            connections[index].send(now)
        }
        limitListeners()
        // Whoever reads an answer's end may ask the board at once.
        handler.board.setListenerCount(connections.count { $0.phase == .listening })
        for index in connections.indices { connections[index].leaveIfDone(now) }
        for connection in connections where connection.isOver(now) { close(connection.file) }
        connections.removeAll { $0.isOver(now) }
    }

    /// Pages that hear of changes are few; the oldest makes room. A browser asks again by itself.
    private mutating func limitListeners() {
        while connections.count(where: { $0.phase == .listening }) > limits.listeners,
            let oldest = connections.firstIndex(where: { $0.phase == .listening })
        { drop(oldest) }
    }

    // MARK: New connections

    private mutating func accept(_ now: ContinuousClock.Instant) {
        for _ in 0..<64 {
            var address = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let file = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.accept(listener, $0, &size)
                }
            }
            guard file >= 0 else {
                // Out of descriptors: those that ask for nothing give theirs back.
                if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { dropOldest(among: connections.indices) }
                return
            }
            _ = fcntl(file, F_SETFD, FD_CLOEXEC)
            _ = fcntl(file, F_SETFL, O_NONBLOCK)
            connections.append(PageConnection(file, peer: address.sin_addr.s_addr, limits, now: now))
            makeRoom(for: address.sin_addr.s_addr)
        }
    }

    private mutating func makeRoom(for peer: UInt32) {
        let same = connections.indices.filter { connections[$0].peer == peer }
        if same.count > limits.perAddress {
            dropOldest(among: same.dropLast())
        } else if connections.count > limits.connections {
            dropOldest(among: connections.indices.dropLast())
        }
    }

    /// Closes the oldest of those that have not asked or have their answer, else of those that are being answered, else
    /// of those that listen. Connections stand in the order in which they came.
    private mutating func dropOldest(among indices: some Collection<Int>) {
        func isIdle(_ phase: PageConnection.Phase) -> Bool { phase == .readingHead || phase == .leaving }
        let oldest =
            indices.first { isIdle(connections[$0].phase) } ?? indices.first { connections[$0].phase == .answering }
            ?? indices.first
        if let oldest { drop(oldest) }
    }

    private mutating func drop(_ index: Int) { close(connections.remove(at: index).file) }
}
