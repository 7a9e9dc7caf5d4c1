/// A piece of a SentencePiece model, as tests write it.
struct WrittenPiece {
    /// The format's numbers.
    enum Kind: UInt64 { case normal = 1, unknown, control, userDefined, unused, byte }

    var text: [UInt8]
    var score: Float = 0
    var kind = Kind.normal
}

/// Writes one protocol buffer message.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ number: Int, varint value: UInt64) {
        append(UInt64(number) << 3)
        append(value)
    }

    mutating func add(_ number: Int, float value: Float) {
        append(UInt64(number) << 3 | 5)
        for shift in stride(from: 0, to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    mutating func add(_ number: Int, bytes value: some Collection<UInt8>) {
        append(UInt64(number) << 3 | 2)
        append(UInt64(value.count))
        bytes += value
    }

    private mutating func append(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
