/// On the wire: magic u32, version u16, type u8, run id u64, body; little-endian, nothing after the end.
extension ControlMessage {
    /// `ECTL` in the order of the bytes.
    private static let magic: UInt32 = 0x4C54_4345
    package static let version: UInt16 = 5

    private var type: UInt8 {
        switch self {
        case .hello: 1
        case .ready: 2
        case .status: 3
        case .failure: 4
        case .goodbye: 5
        case .refused: 6
        case .peers: 7
        case .go: 8
        case .abort: 9
        case .application: 10
        case .dismissed: 11
        case .ping: 12
        case .pong: 13
        }
    }

    /// - Parameter runID: 0 where the sender does not know it yet.
    package func encoded(runID: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(type)
        writer.put(runID)
        switch self {
        case .hello(let hello): hello.encode(into: &writer)
        case .status(let status): status.encode(into: &writer)
        case .failure(let code, let text):
            writer.put(code)
            writer.put(text: text)
        case .refused(let text): writer.put(text: text)
        case .abort(let text, let next):
            writer.put(text: text)
            writer.put(UInt16(clamping: next.count))
            writer.put(next)
        case .peers(let sockets, let keys):
            BoundSocket.encode(sockets, into: &writer)
            PublicKey.encode(keys, into: &writer)
        case .application(let bytes, let more):
            writer.put(UInt8(more ? 1 : 0))
            writer.put(bytes)
        case .ping(let time): writer.put(time)
        case .pong(let ping, let clock):
            writer.put(ping)
            writer.put(clock)
        case .ready, .goodbye, .go, .dismissed: break
        }
        return writer.bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(TransportError) -> (message: ControlMessage, runID: UInt64) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(TransportError) in
            var reader = ByteReader(UnsafeRawBufferPointer(bytes), of: "control message")
            try reader.expect(reader.integer(UInt32.self), magic, "magic")
            let got = try reader.integer(UInt16.self)
            guard got == version else { throw .otherVersion(got: got, own: version) }
            let type = try reader.integer(UInt8.self)
            let runID = try reader.integer(UInt64.self)
            let message = try decodeBody(type, &reader)
            try reader.expectEnd()
            return (message, runID)
        }
    }

    private static func decodeBody(_ type: UInt8, _ reader: inout ByteReader) throws(TransportError) -> ControlMessage {
        switch type {
        case 1: return .hello(try Hello(&reader))
        case 2: return .ready
        case 3: return .status(try WorkerStatus(&reader))
        case 4:
            let code = try reader.integer(Int32.self)
            // An exit code, negative where the cause is elsewhere.
            guard (-255...255).contains(code) else { throw reader.malformed("code", "−255 to 255", "\(code)") }
            return .failure(code: code, text: try reader.lines("text"))
        case 5: return .goodbye
        case 6: return .refused(try reader.lines("text"))
        case 7: return .peers(try BoundSocket.decode(&reader), keys: try PublicKey.decode(&reader))
        case 8: return .go
        case 9:
            let text = try reader.lines("text")
            return .abort(text, next: try reader.bytes(reader.int(UInt16.self, "next")))
        case 10:
            let more = try reader.int(UInt8.self, "more", atMost: 1) == 1
            return .application(try reader.rest(), more: more)
        case 11: return .dismissed
        case 12: return .ping(try reader.integer())
        case 13: return .pong(ping: try reader.integer(), clock: try reader.integer())
        default: throw reader.malformed("type", "1 to 13", "\(type)")
        }
    }
}

extension Hello {
    func encode(into writer: inout ByteWriter) {
        writer.put(UInt32(rank))
        writer.put(process)
        writer.put(text: host, limit: 255)
        writer.put(UInt16(clamping: values.count))
        for value in values { writer.put(text: value, limit: 255) }
        BoundSocket.encode(sockets, into: &writer)
        PublicKey.encode(key.map { [rank: $0] } ?? [:], into: &writer)
    }

    init(_ reader: inout ByteReader) throws(TransportError) {
        rank = try reader.int(UInt32.self, "rank")
        process = try reader.integer()
        host = try reader.text("host", limit: 255)
        let count = try reader.int(UInt16.self, "digest", atMost: RunDigest.limit)
        values = []
        for _ in 0..<count { values.append(try reader.text("digest", limit: 255)) }
        sockets = try BoundSocket.decode(&reader)
        key = try PublicKey.decode(&reader)[rank]
    }
}

extension WorkerStatus {
    /// Steps and micro-batches beyond this come from no real run.
    fileprivate static let countLimit = 1 << 48

    func encode(into writer: inout ByteWriter) {
        writer.put(UInt64(clamping: step))
        writer.put(UInt64(clamping: microBatch))
        writer.put(text: instruction, limit: 64)
        writer.put(progress)
        writer.put(stalled)
        phase.encode(into: &writer)
        LinkStatus.encode(links, into: &writer)
    }

    init(_ reader: inout ByteReader) throws(TransportError) {
        // Small enough that one more is a number too.
        step = try reader.int(UInt64.self, "step", atMost: Self.countLimit)
        microBatch = try reader.int(UInt64.self, "micro-batch", atMost: Self.countLimit)
        instruction = try reader.text("instruction", limit: 64)
        progress = try reader.integer()
        stalled = try reader.integer()
        phase = try WorkerPhase(&reader)
        links = try LinkStatus.decode(&reader)
    }
}

extension WorkerPhase {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .starting: writer.put(UInt8(0))
        case .computing: writer.put(UInt8(1))
        case .receiving(let rank, let message):
            writer.put(UInt8(2))
            writer.put(UInt32(clamping: rank))
            message.encode(into: &writer)
        case .sending(let rank):
            writer.put(UInt8(3))
            writer.put(UInt32(clamping: rank))
        case .saving: writer.put(UInt8(4))
        case .coordinated: writer.put(UInt8(5))
        case .reading: writer.put(UInt8(6))
        }
    }

    fileprivate init(_ reader: inout ByteReader) throws(TransportError) {
        let tag = try reader.integer(UInt8.self)
        switch tag {
        case 0: self = .starting
        case 1: self = .computing
        case 2:
            let rank = try reader.int(UInt32.self, "rank")
            self = .receiving(from: rank, try MessageName(&reader))
        case 3: self = .sending(to: try reader.int(UInt32.self, "rank"))
        case 4: self = .saving
        case 5: self = .coordinated
        case 6: self = .reading
        default: throw reader.malformed("phase", "0 to 6", "\(tag)")
        }
    }
}
