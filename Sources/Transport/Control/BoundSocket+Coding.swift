/// Where a worker's links are, and their keys, inside of control messages.
extension BoundSocket {
    static func encode(_ sockets: [BoundSocket], into writer: inout ByteWriter) {
        writer.put(UInt16(sockets.count))
        for socket in sockets {
            writer.put(UInt32(socket.link.id))
            writer.put(UInt32(socket.link.source))
            writer.put(UInt32(socket.link.destination))
            writer.put(UInt32(socket.link.credit))
            writer.put(UInt32(socket.link.creditBatch))
            writer.put(UInt64(socket.link.maxPayload))
            writer.put(socket.role.rawValue)
            writer.put(text: socket.address, limit: 255)
        }
    }

    static func decode(_ reader: inout ByteReader) throws(TransportError) -> [BoundSocket] {
        let count = try reader.int(UInt16.self, "sockets")
        var sockets: [BoundSocket] = []
        for _ in 0..<count { sockets.append(try BoundSocket(&reader)) }
        return sockets
    }

    private init(_ reader: inout ByteReader) throws(TransportError) {
        let limit = Int(Int32.max) / 2 - 1
        let id = try reader.int(UInt32.self, "link", atMost: limit)
        let source = try reader.int(UInt32.self, "source", atMost: limit)
        let destination = try reader.int(UInt32.self, "destination", atMost: limit)
        let credit = try reader.int(UInt32.self, "credit", atMost: limit)
        let creditBatch = try reader.int(UInt32.self, "credit batch", atMost: limit)
        let maxPayload = try reader.int(UInt64.self, "largest payload")
        let role = try reader.integer(UInt8.self)
        guard source != destination else { throw reader.malformed("link", "two ranks", "rank \(source) twice") }
        guard credit > creditBatch else {
            throw reader.malformed("credit", "more than the credit batch", "\(credit)")
        }
        guard let known = Role(rawValue: role) else { throw reader.malformed("role", "0 or 1", "\(role)") }
        link = LinkDeclaration(
            id: id, from: source, to: destination, credit: credit, creditBatch: creditBatch, maxPayload: maxPayload)
        self.role = known
        address = try reader.text("address")
    }
}

extension PublicKey {
    static func encode(_ keys: [Int: PublicKey], into writer: inout ByteWriter) {
        writer.put(UInt16(keys.count))
        for (rank, key) in keys.sorted(by: { $0.key < $1.key }) {
            writer.put(UInt32(rank))
            writer.put(key.bytes)
        }
    }

    static func decode(_ reader: inout ByteReader) throws(TransportError) -> [Int: PublicKey] {
        let count = try reader.int(UInt16.self, "keys")
        var keys: [Int: PublicKey] = [:]
        for _ in 0..<count {
            let rank = try reader.int(UInt32.self, "rank of a key")
            guard let key = PublicKey(bytes: try reader.bytes(byteCount)) else {
                throw reader.malformed("key", "\(byteCount) bytes", "others")
            }
            guard keys.updateValue(key, forKey: rank) == nil else {
                throw reader.malformed("keys", "one for each rank", "two for rank \(rank)")
            }
        }
        return keys
    }
}
