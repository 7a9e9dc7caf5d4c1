/// Writes a message in the wire format of protocol buffers: each field is a key (number and wire type) and its value.
/// https://protobuf.dev/programming-guides/encoding
struct ProtocolBuffer {
    private(set) var bytes: [UInt8] = []

    /// Wire type 0.
    mutating func put(_ field: UInt64, _ value: Int) {
        putVariable(field << 3)
        putVariable(UInt64(bitPattern: Int64(value)))
    }

    /// Wire type 1.
    mutating func put(_ field: UInt64, _ value: Double) {
        putVariable(field << 3 | 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    /// Wire type 5.
    mutating func put(_ field: UInt64, _ value: Float) {
        putVariable(field << 3 | 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    /// Wire type 2: a text, or a message within this one.
    mutating func put(_ field: UInt64, _ value: some Collection<UInt8>) {
        putVariable(field << 3 | 2)
        putVariable(UInt64(value.count))
        bytes += value
    }

    /// Seven bits a byte, the low ones first; the high bit says that another byte follows.
    private mutating func putVariable(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
