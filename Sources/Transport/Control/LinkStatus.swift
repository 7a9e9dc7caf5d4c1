/// Which message of a run: what its header says of it.
package struct MessageName: Hashable, Sendable {
    package var kind: FrameKind
    package var step: Int
    package var microBatch: Int
    /// The schedule's edge that it travels; of a tie, its number.
    package var edge: Int

    package init(_ kind: FrameKind, step: Int, microBatch: Int, edge: Int) {
        self.kind = kind
        self.step = step
        self.microBatch = microBatch
        self.edge = edge
    }
}

extension FrameHeader {
    package var name: MessageName { MessageName(kind, step: step, microBatch: microBatch, edge: edge) }
}

/// What one end of a link knows of it, as heartbeats tell it: compared with what the other end says, it shows a link that
/// delivers nothing.
package struct LinkStatus: Hashable, Sendable {
    /// The rank at the other end.
    package var peer: Int
    /// Whether messages leave over it.
    package var isOutgoing: Bool
    /// Messages that were given to the network, or came from it.
    package var moved: UInt64
    /// Those of them whose credit came back, or was returned.
    package var credited: UInt64
    /// Messages that wait for credit before they leave, or to be used.
    package var waiting: Int
    /// Messages that may still leave before more credit comes, and how many may be on their way at once. The receiving
    /// end knows of no messages that have not arrived.
    package var credit: Int
    package var creditLimit: Int
    /// The newest message that left or arrived, and nanoseconds since then.
    package var newest: MessageName?
    package var age: UInt64

    /// So many links of a worker are told of.
    package static let limit = 16

    package init(
        peer: Int, isOutgoing: Bool, moved: UInt64 = 0, credited: UInt64 = 0, waiting: Int = 0, credit: Int = 0,
        creditLimit: Int = 0, newest: MessageName? = nil, age: UInt64 = 0
    ) {
        self.peer = peer
        self.isOutgoing = isOutgoing
        self.moved = moved
        self.credited = credited
        self.waiting = waiting
        self.credit = credit
        self.creditLimit = creditLimit
        self.newest = newest
        self.age = age
    }
}

extension LinkStatus {
    init(_ link: LinkState, now: UInt64) {
        let (sending, receiving) = (link.sending, link.receiving)
        let moved = link.isOutgoing ? sending.dispatched : receiving.received
        let credited = link.isOutgoing ? sending.acknowledged : receiving.credited
        self.init(
            peer: link.peer, isOutgoing: link.isOutgoing, moved: moved, credited: credited,
            waiting: link.isOutgoing
                ? Int(clamping: sending.sent - sending.dispatched) : Int(clamping: moved - receiving.consumed),
            credit: max(0, link.declaration.credit - Int(clamping: moved - credited)),
            creditLimit: link.declaration.credit, newest: link.newest?.message,
            age: link.newest.map { now > $0.at ? now - $0.at : 0 } ?? 0)
    }

    /// The links of a worker, the one that it waits at first.
    static func all(_ links: [LinkState], waiting phase: WorkerPhase, now: UInt64) -> [LinkStatus] {
        func isAwaited(_ link: LinkState) -> Bool {
            switch phase {
            case .receiving(let peer, _): !link.isOutgoing && link.peer == peer
            case .sending(let peer): link.isOutgoing && link.peer == peer
            default: false
            }
        }
        let ordered = links.filter(isAwaited) + links.filter { !isAwaited($0) }
        return ordered.prefix(limit).map { LinkStatus($0, now: now) }
    }
}

/// On the wire: a count, then each link's fields.
extension LinkStatus {
    static func encode(_ links: [LinkStatus], into writer: inout ByteWriter) {
        writer.put(UInt8(min(links.count, limit)))
        for link in links.prefix(limit) { link.encode(into: &writer) }
    }

    private func encode(into writer: inout ByteWriter) {
        writer.put(UInt32(clamping: peer))
        writer.put(UInt8(isOutgoing ? 1 : 0))
        writer.put(moved)
        writer.put(credited)
        writer.put(UInt32(clamping: waiting))
        writer.put(UInt32(clamping: credit))
        writer.put(UInt32(clamping: creditLimit))
        writer.put(age)
        writer.put(UInt8(newest == nil ? 0 : 1))
        newest?.encode(into: &writer)
    }

    static func decode(_ reader: inout ByteReader) throws(TransportError) -> [LinkStatus] {
        let count = try reader.int(UInt8.self, "links", atMost: limit)
        var links: [LinkStatus] = []
        for _ in 0..<count { links.append(try LinkStatus(&reader)) }
        return links
    }

    private init(_ reader: inout ByteReader) throws(TransportError) {
        peer = try reader.int(UInt32.self, "peer")
        isOutgoing = try reader.int(UInt8.self, "direction", atMost: 1) == 1
        moved = try reader.integer()
        credited = try reader.integer()
        waiting = try reader.int(UInt32.self, "waiting")
        credit = try reader.int(UInt32.self, "credit")
        creditLimit = try reader.int(UInt32.self, "credit limit")
        age = try reader.integer()
        newest = try reader.int(UInt8.self, "message", atMost: 1) == 1 ? try MessageName(&reader) : nil
    }
}

extension MessageName {
    func encode(into writer: inout ByteWriter) {
        writer.put(kind.rawValue)
        writer.put(UInt64(clamping: step))
        writer.put(UInt32(clamping: microBatch))
        writer.put(UInt32(clamping: edge))
    }

    init(_ reader: inout ByteReader) throws(TransportError) {
        let raw = try reader.integer(UInt8.self)
        guard let kind = FrameKind(rawValue: raw) else { throw reader.malformed("kind", "a known kind", "\(raw)") }
        self.kind = kind
        step = try reader.int(UInt64.self, "step", atMost: 1 << 48)
        microBatch = try reader.int(UInt32.self, "micro-batch")
        edge = try reader.int(UInt32.self, "edge")
    }
}
