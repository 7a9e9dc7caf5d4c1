import Synchronization
import Systems
import Testing
import Transport

/// What needs threads and descriptors: one test after the other.
@Suite(.serialized) enum LiveTests {}

/// What the same test runs on.
enum Medium: CaseIterable, Sendable {
    case memory, ipc, tcp
    /// Rank 0 as a child of the coordinator, the others as if started by hand.
    case mixed
    /// Rank 0 as a child of the coordinator, the others with keys of their own, as if on other machines.
    case keyed
}

/// A coordinator on a thread of its own and the endpoints of a whole run, in one process.
final class Rig: Sendable {
    let coordinator: Coordinator
    let workers: [WorkerEndpoint]
    private let buffers = Shared<[Buffer]>([])

    init(
        _ medium: Medium, world: Int = 2, links: [LinkDeclaration],
        adjust: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws {
        let network = medium == .memory ? InMemoryNetwork() : nil
        coordinator = try Coordinator(medium, world: world, network)
        workers = (0..<world).map { [coordinator] rank in
            var worker = WorkerConfiguration(
                rank: rank,
                coordinator: [.mixed, .keyed].contains(medium) && rank == 0
                    ? coordinator.ipcAddress : coordinator.address,
                digest: "digest",
                links: links.filter { $0.source == rank || $0.destination == rank })
            worker.heartbeat = .milliseconds(10)
            worker.secret = coordinator.secret
            if medium == .keyed {
                worker.keys = coordinator.keys[rank]
                if rank == 0 {
                    worker.address = "127.0.0.1"
                    worker.distant = Set(1..<world)
                } else {
                    worker.secret = nil
                }
            }
            adjust(&worker)
            return if let network { WorkerEndpoint(worker, network: network) } else { WorkerEndpoint(worker) }
        }
    }

    /// Starts every endpoint and waits until all may go.
    func start() throws {
        for worker in workers { try worker.start() }
        for worker in workers { try worker.awaitGo(timeout: .seconds(60)) }
    }

    /// A send buffer that lives as long as the rig: an endpoint may read it until it is closed.
    func buffer(count: Int, seed: UInt64 = 1) -> Buffer {
        let buffer = Buffer(count: count, seed: seed)
        buffers.withLock { $0.append(buffer) }
        return buffer
    }

    /// Ends everything at once; what each endpoint says to that is no matter.
    func stop() {
        for worker in workers { try? worker.close(goodbye: false) }
        coordinator.stop()
    }

    /// Ends a run that went well: all say goodbye, and nobody may complain.
    func finish() throws {
        let threads = try workers.map { worker in try Job(name: "close") { try worker.close(goodbye: true) } }
        for thread in threads { try thread.join() }
    }
}

/// Work on a thread of its own, with its error kept for `join`.
final class Job: Sendable {
    private let thread: JoinableThread
    private let error = Shared<(any Error)?>(nil)

    init(name: String, _ body: @escaping @Sendable () throws -> Void) throws {
        thread = try JoinableThread(name: name) { [error] in
            do { try body() } catch let failure { error.update { $0 = failure } }
        }
    }

    func join() throws {
        thread.join()
        if let error = error.withLock({ $0 }) { throw error }
    }

    /// Joins and gives the transport error that ended the work.
    func failure() -> TransportError? {
        do { try join() } catch { return error as? TransportError }
        return nil
    }
}

/// Polls a control server on its own thread, keeps all events, and runs commands there.
final class Coordinator: Sendable {
    struct Record {
        var events: [ControlEvent] = []
        var error: TransportError?
        var isStopping = false
        var commands: [@Sendable (ControlServer) throws(TransportError) -> Void] = []
    }

    let address: String
    let ipcAddress: String
    let secret: RunSecret
    /// By rank.
    let keys: [Int: WorkerKeys]
    private let record = Shared(Record())
    private let thread: JoinableThread

    private struct Box: @unchecked Sendable { let server: ControlServer }

    init(
        _ configuration: ControlServer.Configuration, _ network: InMemoryNetwork?, keys: [Int: WorkerKeys] = [:]
    ) throws {
        self.keys = keys
        let server =
            if let network { ControlServer(configuration, network: network) } else { try ControlServer(configuration) }
        ipcAddress = server.ipcAddress
        secret = configuration.secret
        address = server.tcpAddress ?? server.ipcAddress
        let box = Box(server: server)
        thread = try JoinableThread(name: "coordinator") { [record] in
            Self.serve(box.server, record)
            box.server.close()
        }
    }

    convenience init(_ medium: Medium, world: Int = 2, _ network: InMemoryNetwork? = nil) throws {
        var configuration = ControlServer.Configuration(world: world, digest: "digest")
        configuration.tcpAddress = [.tcp, .mixed, .keyed].contains(medium) ? "tcp://127.0.0.1:0" : nil
        var keys: [Int: WorkerKeys] = [:]
        if medium == .keyed {
            let own = try CurvePair()
            for rank in 1..<max(world, 2) {
                keys[rank] = WorkerKeys(rank: rank, own: try CurvePair(), coordinator: own.publicKey)
            }
            configuration.keys = CoordinatorKeys(own: own, workers: keys.mapValues(\.own.publicKey))
        }
        try self.init(configuration, network, keys: keys)
    }

    private static func serve(_ server: ControlServer, _ record: Shared<Record>) {
        while !record.withLock({ $0.isStopping }) {
            do throws(TransportError) {
                let commands = record.withLock { record in
                    defer { record.commands = [] }
                    return record.commands
                }
                for command in commands { try command(server) }
                let events = try server.poll(timeout: .milliseconds(5))
                record.update { $0.events += events }
            } catch {
                record.update { $0.error = error }
                return
            }
        }
    }

    func perform(_ command: @escaping @Sendable (ControlServer) throws(TransportError) -> Void) {
        record.withLock { $0.commands.append(command) }
    }

    /// Waits until the coordinator has seen an event that `match` takes.
    func see<T>(_ match: (ControlEvent) -> T?) throws -> T {
        let found = record.wait { record -> Result<T, TransportError>? in
            for event in record.events { if let value = match(event) { return .success(value) } }
            return record.error.map { .failure($0) }
        }
        return try #require(found).get()
    }

    func see(_ event: ControlEvent) throws { try see { $0 == event ? () : nil } }

    func awaitError() throws -> TransportError { try #require(record.wait { $0.error }) }

    var events: [ControlEvent] { record.withLock { $0.events } }

    /// May be called again.
    func stop() {
        let isFirst = record.update { record in
            defer { record.isStopping = true }
            return !record.isStopping
        }
        if isFirst { thread.join() }
    }
}

/// Bytes at a fixed place, as a worker's send buffer.
final class Buffer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int, seed: UInt64 = 1) {
        bytes = .allocate(byteCount: count, alignment: 64)
        fill(seed)
    }

    deinit { bytes.deallocate() }

    func fill(_ seed: UInt64) { bytes.copyBytes(from: pattern(count: bytes.count, seed: seed)) }

    var view: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }
}

/// Bytes that depend on the seed and on their place.
func pattern(count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

func header(_ microBatch: Int, count: Int, kind: FrameKind = .activation) -> FrameHeader {
    FrameHeader(kind, step: 3, microBatch: microBatch, dtype: 0, shape: [count], payloadLength: count)
}
