internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// The wire on ZeroMQ: per link a PUSH that connects to a PULL that binds, and the same pair backwards for credit; a
/// DEALER to the coordinator. Connections are never made again: a lost one ends the run.
final class SocketWire: Wire {
    let configuration: WorkerConfiguration
    let wakeUp: WakeUp
    var context: Context?
    var authenticator: Authenticator?
    /// New for each endpoint: a link's peer learns its public half from the coordinator, and nobody else does.
    var linkPair: CurvePair?
    private var host = "127.0.0.1"
    private var strangersPerPort = SocketControlWire.strangers
    var control: Socket?
    var controlMonitor: SocketMonitor?
    var hasCoordinator = false
    /// The bound PULL of each link: messages of an incoming link, credit of an outgoing one.
    var bound: [Socket] = []
    /// The connected PUSH of each link.
    var connected: [Socket?]
    var monitors: [SocketMonitor] = []
    /// Of bound sockets with a port: who was refused there.
    var ports: [PortWatch] = []
    var files: [String] = []
    var lifeline: Int32?
    let frame = MessageBuffer()
    /// The descriptors to poll: one behind each socket, and two of our own. Those of the PUSHes stand last: they are left
    /// out while none of them waits to be writable.
    var items: [pollfd] = []
    var sources: [Source] = []
    /// The poll item of each link's PUSH.
    var connectedItems: [Int]
    /// The poll items of the DEALER and of the authenticator.
    var controlItem = 0
    var authenticatorItem = 0
    /// The poll items whose sockets are read before the next wait, whatever their descriptors say: see `poll`.
    var pendingReads: [Int] = []

    /// What a poll item stands for.
    enum Source {
        case wakeUp, lifeline, authenticator, control, controlMonitor
        case port(Int)
        case bound(Int)
        case connected(Int)
        case monitor(Int)
    }

    init(_ configuration: WorkerConfiguration, wakeUp: WakeUp) {
        self.configuration = configuration
        self.wakeUp = wakeUp
        lifeline = configuration.lifeline
        connected = Array(repeating: nil, count: configuration.links.count)
        connectedItems = Array(repeating: 0, count: configuration.links.count)
    }

    deinit { frame.free() }

    func wake() { wakeUp.signal() }

    func open() throws(TransportError) -> [BoundSocket] {
        watch(descriptor: wakeUp.descriptor, as: .wakeUp)
        if let lifeline { watch(descriptor: lifeline, as: .lifeline) }
        let address = try Address.resolve(configuration.coordinator, elsewhere: configuration.keys != nil)
        // Keys are made before the context: ZeroMQ's random numbers must not be opened while one lives.
        let proof = try proof(at: address)
        let ports = configuration.links.count { configuration.hasPort($0) }
        // Where all its own sockets are files, a peer's may still be a port.
        linkPair = ports > 0 ? try CurvePair() : try? CurvePair()
        host = try linkHost(toward: address)
        strangersPerPort = max(8, SocketControlWire.strangers / max(ports, 1))
        let context = try Context(
            descriptors: DescriptorNeeds.worker(links: configuration.links.count, ports: ports))
        self.context = context
        let authenticator = try Authenticator(context)
        self.authenticator = authenticator
        if let secret = configuration.secret { try authenticator.decide(.password(secret.text), at: Terms.ipc) }
        authenticatorItem = items.count
        try watch(authenticator.socket, as: .authenticator)
        let sockets = try bindLinks(context, authenticator)
        try connectControl(context, address, proof)
        return sockets
    }

    var linkKey: PublicKey? { linkPair?.publicKey }

    private func bindLinks(
        _ context: Context, _ authenticator: Authenticator
    ) throws(TransportError) -> [BoundSocket] {
        var sockets: [BoundSocket] = []
        for (index, link) in configuration.links.enumerated() {
            let role: BoundSocket.Role = link.source == configuration.rank ? .credit : .data
            let socket = try Socket(context, ZMQ_PULL)
            bound.append(socket)
            try LinkOptions.apply(to: socket, link, role)
            let address = try bindAddress(link, role)
            if let linkPair, configuration.hasPort(link) {
                // The peer's key comes with its address, later.
                try authenticator.decide(.undecided, at: Terms.link(index))
                try Terms.demandKey(from: socket, own: linkPair, door: Terms.link(index))
                let port = try PortWatch(context, of: socket, name: "port-\(index)", limit: strangersPerPort)
                ports.append(port)
                try watch(port.socket, as: .port(ports.count - 1))
            } else {
                try Terms.demandPassword(from: socket)
                files.append(String(address.dropFirst(6)))
            }
            sockets.append(BoundSocket(link, role, address: try socket.bind(address)))
            try watch(socket, as: .bound(index))
        }
        return sockets
    }

    /// Beside the coordinator's socket where that is a file, else a port that the system chooses.
    private func bindAddress(_ link: LinkDeclaration, _ role: BoundSocket.Role) throws(TransportError) -> String {
        guard let directory, !configuration.hasPort(link) else { return "tcp://\(host):*" }
        let kind = role == .data ? "data" : "credit"
        let address = "ipc://\(directory)/\(link.id)-\(link.source)-\(link.destination)-\(kind)"
        try Address.check(address)
        guard access(String(address.dropFirst(6)), F_OK) != 0 else {
            throw .address(address, reason: "is taken: does another worker run as rank \(configuration.rank)?")
        }
        return address
    }

    /// The directory of the coordinator's ipc socket.
    var directory: Substring? {
        guard configuration.coordinator.hasPrefix("ipc://") else { return nil }
        let path = configuration.coordinator.dropFirst(6)
        return path.lastIndex(of: "/").map { path[..<$0] }
    }

    private func connectControl(_ context: Context, _ address: String, _ proof: Proof) throws(TransportError) {
        let socket = try Socket(context, ZMQ_DEALER)
        control = socket
        try LinkOptions.applyToControl(socket)
        let monitor = try SocketMonitor(context, of: socket, name: "control")
        controlMonitor = monitor
        switch proof {
        case .password(let secret): try Terms.presentPassword(secret, by: socket)
        case .key(let own, let server): try Terms.presentKey(own, by: socket, to: server)
        }
        try socket.connect(address)
        try watch(monitor.socket, as: .controlMonitor)
        controlItem = items.count
        try watch(socket, as: .control)
    }

    func connect(_ sockets: [BoundSocket], keys: [Int: PublicKey]) throws(TransportError) {
        guard let context else { return }
        try admitPeers(keys)
        for (index, link) in configuration.links.enumerated() {
            let role: BoundSocket.Role = link.source == configuration.rank ? .data : .credit
            guard let place = sockets.first(where: { $0.link == link && $0.role == role }) else {
                throw .links("\(link): the coordinator names no socket to connect to")
            }
            try Address.check(place.address, elsewhere: configuration.keys != nil || configuration.address != nil)
            guard connected[index] == nil else { throw .links("\(link): the coordinator introduced it twice") }
            let socket = try Socket(context, ZMQ_PUSH)
            connected[index] = socket
            try LinkOptions.apply(to: socket, link, role)
            let monitor = try SocketMonitor(context, of: socket, name: "\(index)")
            monitors.append(monitor)
            try present(to: place, keys, by: socket)
            try Self.checkAccess(to: place.address)
            try socket.connect(place.address)
            try watch(monitor.socket, as: .monitor(index))
        }
        for (index, socket) in connected.enumerated() {
            guard let socket else { continue }
            connectedItems[index] = items.count
            try watch(socket, as: .connected(index), events: 0)
        }
    }

    /// ZeroMQ connects in the background, and would only say that nobody is there.
    private static func checkAccess(to address: String) throws(TransportError) {
        guard address.hasPrefix("ipc://"), access(String(address.dropFirst(6)), W_OK) != 0, errno == EACCES else {
            return
        }
        throw .address(
            address, reason: "this user may not enter its folder: start the worker as the user who started train")
    }

    /// How many of the poll items there is something to wait for at.
    var watchedItems: Int { items.lastIndex { $0.events != 0 }.map { $0 + 1 } ?? 0 }

    private func watch(_ socket: Socket, as source: Source, events: Int32 = POLLIN) throws(TransportError) {
        pendingReads.append(items.count)
        watch(descriptor: try socket.descriptor(), as: source, events: events)
    }

    private func watch(descriptor: Int32, as source: Source, events: Int32 = POLLIN) {
        items.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        sources.append(source)
    }

    func removeFiles(withDirectory: Bool) {
        for file in files { unlink(file) }
        files = []
        if withDirectory, let directory {
            unlink(String(configuration.coordinator.dropFirst(6)))
            rmdir(String(directory))
        }
    }

    func close(lingerMilliseconds: Int, isOrderly: Bool) {
        for monitor in monitors { monitor.close() }
        for port in ports { port.close() }
        controlMonitor?.close()
        for socket in bound { socket.close(lingerMilliseconds: 0) }
        for socket in connected { socket?.close(lingerMilliseconds: isOrderly ? lingerMilliseconds : 0) }
        control?.close(lingerMilliseconds: hasCoordinator ? lingerMilliseconds : 0)
        authenticator?.close()
        context?.end()
        if let lifeline { _ = Glibc.close(lifeline) }
        lifeline = nil
    }
}
