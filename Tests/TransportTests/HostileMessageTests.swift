import Systems
import Testing
import Transport

/// Values that a peer may send, of every kind that arithmetic, conversions or a terminal could stumble over: refused where
/// they are read, whoever sent them.
@Suite struct HostileMessageTests {
    /// A message's bytes, field by field.
    private struct Fields {
        var bytes: [UInt8] = []

        mutating func put(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }

        mutating func put(text: String) {
            put(UInt16(text.utf8.count))
            bytes += Array(text.utf8)
        }
    }

    private func bytes(_ build: (inout Fields) -> Void) -> [UInt8] {
        var fields = Fields()
        build(&fields)
        return fields.bytes
    }

    private func decode(_ kind: UInt8, _ body: [UInt8]) throws -> ControlMessage {
        let head = bytes {
            $0.put(UInt32(0x4C54_4345))
            $0.put(ControlMessage.version)
            $0.put(kind)
            $0.put(UInt64(0))
        }
        return try ControlMessage.decode(head + body).message
    }

    /// Step 2^63 − 1 made the live board overflow: it shows the step after.
    @Test(arguments: [UInt64(Int64.max), .max, 1 << 49]) func `a step to which none can be added is refused`(
        step: UInt64
    ) {
        for (step, microBatch) in [(step, UInt64(0)), (0, step)] {
            let body = bytes {
                $0.put(step)
                $0.put(microBatch)
                $0.put(text: "0F0")
                $0.put(UInt64(1))
                $0.put(UInt8(1))
            }
            #expect(throws: TransportError.self) { try decode(3, body) }
        }
    }

    /// The magnitude of −2^31 is no Int32.
    @Test(arguments: [Int32.min, .max, 256, -256]) func `a failure with a code that is no exit code is refused`(
        code: Int32
    ) {
        let body = bytes {
            $0.put(code)
            $0.put(text: "why")
        }
        #expect(throws: TransportError.self) { try decode(4, body) }
    }

    /// One character of 30,000 combining marks, as a digest: cutting the answer by characters trapped.
    @Test func `a digest that is one endless character is refused in an answer of bounded length`() throws {
        var rendezvous = Rendezvous(world: 2, digest: "d")
        let hello = bytes {
            $0.put(UInt32(1))
            $0.put(Int32(1))
            $0.put(text: "h")
            $0.put(UInt16(1))
            $0.put(text: "e" + String(repeating: "\u{301}", count: 30_000))
            $0.put(UInt16(0))
            $0.put(UInt16(0))
        }
        guard case .hello(let read) = try decode(1, hello) else {
            Issue.record("no hello")
            return
        }
        let peer = Rendezvous.Peer([1])
        guard case .refuse(peer, let reason) = try #require(rendezvous.receive(read, from: peer).first) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.unicodeScalars.count < 600)
        let answer = ControlMessage.refused(reason).encoded(runID: 1)
        #expect(try ControlMessage.decode(answer).message == .refused(reason))
    }

    @Test func `a text is cut between scalars, however long a character is`() throws {
        let endless = ControlMessage.abort("ü" + String(repeating: "\u{301}", count: 30_000))
        guard case .abort(let text, _) = try ControlMessage.decode(endless.encoded(runID: 1)).message else {
            Issue.record("no abort")
            return
        }
        #expect(text.hasPrefix("ü\u{301}") || text.unicodeScalars.first == "ü")
        #expect(text.utf8.count <= 4096)
    }

    /// What one types into a peer's name would act on the coordinator's terminal.
    @Test func `escape sequences in whatever a peer says are spelled out where they are read`() throws {
        let evil = "\u{1b}]0;owned\u{7}\u{1b}[31mred\u{202e}"
        let hello = Hello(
            rank: 0, process: 1, host: evil, values: [evil],
            sockets: [
                BoundSocket(LinkDeclaration(id: 0, from: 1, to: 0, credit: 1, maxPayload: 1), .data, address: evil)
            ])
        let status = WorkerStatus(instruction: evil)
        for message in [
            ControlMessage.hello(hello), .status(status), .failure(code: 64, text: evil), .refused(evil), .abort(evil),
        ] {
            let read = try ControlMessage.decode(message.encoded(runID: 0)).message
            #expect(!"\(read)".unicodeScalars.contains { $0.value < 32 || $0.value == 0x202e }, "\(read)")
        }
        guard
            case .failure(_, let lines) = try decode(
                4,
                bytes {
                    $0.put(Int32(64)); $0.put(text: "a\nb\u{1b}c")
                })
        else {
            Issue.record("no failure")
            return
        }
        #expect(lines == "a\nb\\u{1b}c")
    }

    @Test func `a worker that names ranks of another world ends the run with both sides named`() throws {
        let network = InMemoryNetwork()
        let coordinator = try Coordinator(ControlServer.Configuration(world: 1, digest: "d"), network)
        let worker = WorkerEndpoint(
            WorkerConfiguration(rank: 0, coordinator: "", digest: "d", links: []), network: network)
        try worker.start()
        try worker.awaitGo()
        worker.updateStatus { $0.phase = .sending(to: 7) }
        let error = try coordinator.awaitError()
        #expect("\(error)".hasPrefix("rank 0 broke the protocol: the coordinator got a malformed status"), "\(error)")
        try worker.close(goodbye: false)
        coordinator.stop()
    }

    /// Every field of every message, at the edges of its type, decoded and put to the machines behind it.
    @Test func `no bytes make the rendezvous or its messages trap`() {
        var generator = SplitMix64(seed: 11)
        let edges: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
        for _ in 0..<20_000 {
            var rendezvous = Rendezvous(world: 2, digest: "d")
            for _ in 0..<3 {
                let kind = UInt8.random(in: 0...14, using: &generator)
                let body = (0..<Int.random(in: 0...90, using: &generator)).map { _ in
                    edges.randomElement(using: &generator) ?? 0
                }
                guard let message = try? decode(kind, body) else { continue }
                let peer = Rendezvous.Peer([UInt8.random(in: 0...3, using: &generator)])
                if case .hello(let hello) = message { _ = rendezvous.receive(hello, from: peer) }
                if case .ready = message { _ = rendezvous.ready(from: peer) }
                _ = "\(message)"
            }
        }
    }
}
