import Systems
import Testing
import Transport

@Suite struct ControlMessageTests {
    static let link = LinkDeclaration(id: 4, from: 0, to: 1, credit: 2, maxPayload: 1 << 20)
    static let key = PublicKey(bytes: (0..<32).map { $0 })!
    static let samples: [ControlMessage] = [
        .hello(
            Hello(
                rank: 1, process: 4711, host: "höst", values: ["abc", "d"],
                sockets: [BoundSocket(link, .data, address: "ipc:///tmp/x"), BoundSocket(link, .credit, address: "")])),
        .ready, .goodbye, .go, .dismissed,
        .status(
            WorkerStatus(
                step: 7, microBatch: 3, instruction: "2F3",
                phase: .receiving(from: 1, MessageName(.activation, step: 7, microBatch: 3, edge: 5)), progress: 88,
                links: [
                    LinkStatus(
                        peer: 1, isOutgoing: false, moved: 9, credited: 8, waiting: 1, credit: 3, creditLimit: 4,
                        newest: MessageName(.gradient, step: 7, microBatch: 2, edge: 5), age: 1 << 40),
                    LinkStatus(peer: 0, isOutgoing: true),
                ])),
        .status(WorkerStatus(phase: .coordinated)), .status(WorkerStatus(phase: .reading)),
        .status(WorkerStatus(phase: .sending(to: 2))), .status(WorkerStatus(phase: .saving, stalled: 7)),
        .failure(code: 64, text: "no such token"), .refused("why"), .abort("because"),
        .abort("elsewhere", next: [1, 2, 255]),
        .peers([BoundSocket(link, .data, address: "tcp://127.0.0.1:5555")], keys: [0: key, 70_000: key]),
        .hello(Hello(rank: 3, process: 1, host: "", values: [], sockets: [], key: key)),
        .ping(1 << 40), .pong(ping: 1 << 40, clock: 77),
        .application([1, 2, 3], more: true), .application([], more: false),
    ]

    @Test(arguments: samples)
    func `what is encoded is decoded`(message: ControlMessage) throws {
        let decoded = try ControlMessage.decode(message.encoded(runID: 42))
        #expect(decoded.message == message)
        #expect(decoded.runID == 42)
    }

    @Test(arguments: [ControlMessage.ready, .refused("why")])
    func `another version of the program is told apart from broken bytes`(message: ControlMessage) {
        var bytes = message.encoded(runID: 42)
        bytes[4] += 1
        let version = ControlMessage.version
        #expect(throws: TransportError.otherVersion(got: version + 1, own: version)) {
            try ControlMessage.decode(bytes)
        }
    }

    @Test(arguments: samples)
    func `no truncation is accepted`(message: ControlMessage) {
        guard case .application = message else {
            let bytes = message.encoded(runID: 42)
            for count in bytes.indices {
                #expect(throws: TransportError.self) { try ControlMessage.decode(Array(bytes[..<count])) }
            }
            #expect(throws: TransportError.self) { try ControlMessage.decode(bytes + [0]) }
            return
        }
    }

    @Test(arguments: samples)
    func `broken bytes never trap`(message: ControlMessage) {
        var generator = SplitMix64(seed: 5)
        let bytes = message.encoded(runID: 42)
        for _ in 0..<1000 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: broken.indices, using: &generator)
                broken[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
            }
            guard let decoded = try? ControlMessage.decode(broken) else { continue }
            // A text comes out as it may be printed, and that stays as it is.
            let again = try? ControlMessage.decode(decoded.message.encoded(runID: decoded.runID))
            #expect(again?.message == decoded.message && again?.runID == decoded.runID)
        }
    }

    @Test func `long texts are cut at a character`() throws {
        let message = ControlMessage.abort(String(repeating: "ü", count: 5000))
        guard case .abort(let text, _) = try ControlMessage.decode(message.encoded(runID: 1)).message else {
            Issue.record("not an abort")
            return
        }
        #expect(text.utf8.count <= 4096 && text.utf8.count > 4000)
        #expect(text.allSatisfy { $0 == "ü" })
    }

    @Test(arguments: [0, 1, ControlMessage.pieceSize, ControlMessage.pieceSize + 1, 1_000_000])
    func `long messages travel in pieces`(count: Int) throws {
        let message = pattern(count: count, seed: 3)
        var reassembly = Reassembly()
        var whole: [UInt8]?
        for piece in ControlMessage.pieces(of: message) {
            #expect(whole == nil)
            #expect(piece.encoded(runID: 1).count <= ControlMessage.maxSize)
            guard case .application(let bytes, let more) = piece else { continue }
            whole = try reassembly.add(bytes, more: more)
        }
        #expect(whole == message)
    }
}
