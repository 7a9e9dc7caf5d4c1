import CZeroMQ
import Glibc
import Systems
import TestSupport
import Testing
import Transport

/// Whoever does not know the run's secret: his connection ends, the run does not.
extension LiveTests {
    @Suite struct StrangerTests {
        static let link = LinkDeclaration(id: 0, from: 0, to: 1, credit: 4, maxPayload: 1000)

        /// ZMTP 3.0's greeting with a mechanism of up to 20 bytes.
        private static func greeting(_ mechanism: String) -> [UInt8] {
            [0xff] + [UInt8](repeating: 0, count: 7) + [0x01, 0x7f, 3, 0] + Array(mechanism.utf8)
                + [UInt8](repeating: 0, count: 20 - mechanism.utf8.count + 32)
        }

        static let noises: [[UInt8]] = [
            pattern(count: 4096, seed: 1), Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
            // ZMTP 1.0 knows no handshake: an identity, then a message.
            [0x01, 0x00, 0x06, 0x00] + Array("hello".utf8),
            [0xff] + [UInt8](repeating: 0, count: 7) + [0x01, 0x7f, 0x01, 0x05, 0x00, 0x00, 0x00, 0x05]
                + Array("hello".utf8),
            greeting("NULL") + [4, 25, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 4]
                + Array("PUSH".utf8),
            greeting("NULL") + [6] + [UInt8](repeating: 0x7f, count: 8), greeting("PLAIN"), greeting("CURVE"),
            greeting("GSSAPI"),
        ]

        private func port(of address: String) throws -> UInt16 {
            try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        }

        /// A message of an application of ours at another run's port, of the kind that ended the run.
        private func sendUnasked(to address: String) throws -> UnsafeMutableRawPointer {
            let context = try #require(zmq_ctx_new())
            let socket = try #require(zmq_socket(context, ZMQ_PUSH))
            var none: Int32 = 0
            zmq_setsockopt(socket, ZMQ_LINGER, &none, 4)
            #expect(zmq_connect(socket, address) == 0)
            zmq_send(socket, "hello", 5, ZMQ_DONTWAIT)
            zmq_close(socket)
            return context
        }

        @Test func `the coordinator goes on, and tells of strangers in one line`() throws {
            let rig = try Rig(.tcp, links: [Self.link])
            defer { rig.stop() }
            try rig.start()
            let port = try port(of: rig.coordinator.address)
            let connections = try Self.noises.map { noise in
                let connection = try Connection(to: port)
                try? connection.send(noise)
                return connection
            }
            let lines = try rig.coordinator.see { event -> String? in
                if case .refused(let text) = event { text } else { nil }
            }
            #expect(lines.contains("refused") && lines.contains("does not belong to this run"), "\(lines)")
            // Each is closed from this side: at once, or when its time for a handshake is over.
            for connection in connections { _ = try connection.read() }
            let buffer = rig.buffer(count: 10)
            _ = try rig.workers[0].send(link: 0, header: header(0, count: 10), payload: buffer.view)
            try rig.workers[1].receive(link: 0, expecting: header(0, count: 10)) { _ in }
            try rig.finish()
            let notes = rig.coordinator.events.count { if case .refused = $0 { true } else { false } }
            #expect(notes <= 2)
        }

        /// One frame of five bytes at a worker's port ended the run, as a bug of rank 0.
        @Test func `a worker's port takes no stranger's frame`() throws {
            let notes = Shared<[String]>([])
            let rig = try Rig(.tcp, links: [Self.link]) { $0.note = { text in notes.update { $0.append(text) } } }
            defer { rig.stop() }
            try rig.start()
            let sockets = Shared<[BoundSocket]?>(nil)
            rig.coordinator.perform { server in
                let all = (0..<2).flatMap { server.rendezvous.hello(of: $0)?.sockets ?? [] }
                sockets.update { $0 = all }
            }
            let addresses = try #require(sockets.wait { $0 }).map(\.address)
            #expect(addresses.count == 2 && addresses.allSatisfy { $0.hasPrefix("tcp://127.0.0.1:") })
            var connections: [Connection] = []
            for (address, noise) in addresses.flatMap({ address in Self.noises.map { (address, $0) } }) {
                let connection = try Connection(to: try port(of: address))
                try? connection.send(noise)
                connections.append(connection)
            }
            let contexts = try addresses.map { try sendUnasked(to: $0) }
            for connection in connections { _ = try connection.read() }
            let note = try #require(notes.wait { $0.first })
            #expect(note.contains("does not belong to this run"), "\(note)")
            let buffer = rig.buffer(count: 10)
            _ = try rig.workers[0].send(link: 0, header: header(0, count: 10), payload: buffer.view)
            try rig.workers[1].receive(link: 0, expecting: header(0, count: 10)) { _ in }
            try rig.finish()
            #expect(notes.withLock { $0.count } <= 4)
            for context in contexts { zmq_ctx_term(context) }
        }

        /// Of 64 workers on a busy machine some were too slow for their handshake, came again and joined; each try was told
        /// as a stranger's.
        @Test func `a worker that comes again after an unfinished handshake is no stranger`() throws {
            let rig = try Rig(.ipc, world: 1, links: [])
            defer { rig.stop() }
            for _ in 0..<3 { try breakOff(at: rig.coordinator.ipcAddress) }
            try rig.start()
            try rig.finish()
            let notes = rig.coordinator.events.compactMap { if case .refused(let text) = $0 { text } else { nil } }
            #expect(notes == [])
        }

        /// Begins a handshake and hangs up.
        private func breakOff(at address: String) throws {
            let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(file) }
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            let path = Array(address.dropFirst("ipc://".count).utf8)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path) }
            let result = withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
            let greeting = Self.greeting("PLAIN")
            #expect(write(file, greeting, greeting.count) == greeting.count)
            // The other side answers with its own: the handshake has begun.
            var answer = [UInt8](repeating: 0, count: 64)
            #expect(read(file, &answer, answer.count) > 0)
        }

        @Test(arguments: [Medium.ipc, .tcp]) func `a worker of another run is let in nowhere`(medium: Medium) throws {
            let rig = try Rig(medium, links: []) { if $0.rank == 1 { $0.secret = RunSecret() } }
            defer { rig.stop() }
            try rig.workers[1].start()
            try rig.coordinator.see { event -> Void? in
                if case .refused(let text) = event, text.contains("does not belong to this run") { () } else { nil }
            }
            let contact = rig.workers[1].state.wait { $0.contact == .refused ? true : nil }
            #expect(contact == true)
            try rig.workers[0].start()
            try rig.coordinator.see { if case .registered(0, _, _) = $0 { () } else { nil } }
            #expect(!rig.coordinator.events.contains { if case .registered(1, _, _) = $0 { true } else { false } })
        }

        /// Strangers that come and go while workers join take turns with them at the same descriptors.
        @Test func `workers join among strangers that come and go`() throws {
            let rig = try Rig(.tcp, links: [Self.link])
            defer { rig.stop() }
            let port = try port(of: rig.coordinator.address)
            let isOver = Shared(false)
            let crowd = try Job(name: "crowd") {
                while !isOver.withLock({ $0 }) { for _ in 0..<5 { _ = try? Connection(to: port) } }
            }
            try rig.start()
            isOver.update { $0 = true }
            try crowd.join()
            #expect(!rig.coordinator.events.contains { if case .gone = $0 { true } else { false } })
            try rig.finish()
        }
    }

    /// A coordinator that does not read.
    @Suite struct StoppedCoordinatorTests {
        /// Without clipping nothing else paces the workers: their queues grew for as long as it was stopped.
        @Test(arguments: [Medium.ipc, .tcp]) func `a worker waits instead of growing, and goes on afterwards`(
            medium: Medium
        ) throws {
            let rig = try Rig(medium, world: 1, links: [])
            defer { rig.stop() }
            try rig.start()
            let (worker, count) = (rig.workers[0], 400)
            let isStopped = Shared(false)
            let isReleased = Shared(false)
            rig.coordinator.perform { _ in
                isStopped.update { $0 = true }
                _ = isReleased.wait { $0 ? true : nil }
            }
            _ = isStopped.wait { $0 ? true : nil }
            let sender = try Job(name: "sender") {
                for number in 0..<count {
                    worker.sendApplication([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 60_000))
                }
            }
            // 24 MB are more than both ends hold: the sender has to wait.
            while !worker.state.withLock({ $0.isOutboxAwaited }) { sched_yield() }
            #expect(worker.state.withLock { $0.outbox.byteCount } <= Outbox.byteLimit + 60_000)
            isReleased.update { $0 = true }
            try sender.join()
            try rig.finish()
            try rig.coordinator.see(.goodbye(rank: 0))
            let got = rig.coordinator.events.compactMap { event -> UInt8? in
                if case .message(0, let bytes) = event { bytes[0] } else { nil }
            }
            #expect(got == (0..<count).map { UInt8(truncatingIfNeeded: $0) })
        }

        @Test func `who waits for room is let go when the plane fails`() throws {
            let rig = try Rig(.memory, world: 1, links: [])
            defer { rig.stop() }
            try rig.start()
            let worker = rig.workers[0]
            worker.state.withLock { state in
                for _ in 0..<Outbox.countLimit { state.outbox.append(.ready) }
                state.fail(.aborted("enough"))
            }
            worker.sendApplication([1])
            #expect(worker.failure == .aborted("enough"))
        }
    }
}
