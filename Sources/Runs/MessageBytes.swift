/// Little-endian numbers, one behind the other: what messages and records are made of.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func put(_ value: Double?) {
        put(UInt8(value == nil ? 0 : 1))
        put((value ?? 0).bitPattern)
    }

    /// Numbers that others follow.
    mutating func put(_ values: [Double]) {
        put(values.count)
        for value in values { put(value.bitPattern) }
    }

    /// Bytes that others follow.
    mutating func put(block: [UInt8]) {
        put(block.count)
        bytes += block
    }
}

struct ByteReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - at }

    mutating func byte() throws(MessageError) -> UInt8 {
        guard remaining >= 1 else { throw MessageError(description: "a message that ends early") }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func word() throws(MessageError) -> UInt64 {
        var word: UInt64 = 0
        for shift in 0..<8 { word |= UInt64(try byte()) << UInt64(8 * shift) }
        return word
    }

    /// A number of things or bytes: small enough that sums of many do not overflow.
    mutating func count() throws(MessageError) -> Int {
        guard let count = Int(exactly: try word()), count < 1 << 48 else {
            throw MessageError(description: "a message with a count beyond 2^48")
        }
        return count
    }

    /// A number of things that follow.
    mutating func count(atMost limit: Int) throws(MessageError) -> Int {
        let count = try count()
        guard count <= limit else { throw MessageError(description: "a message of \(count) parts, \(limit) at most") }
        return count
    }

    mutating func double() throws(MessageError) -> Double { Double(bitPattern: try word()) }

    mutating func optionalDouble() throws(MessageError) -> Double? {
        let isPresent = try byte() == 1
        let value = try double()
        return isPresent ? value : nil
    }

    mutating func doubles() throws(MessageError) -> [Double] {
        let count = try count(atMost: remaining / 8)
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try double()) }
        return values
    }

    mutating func block() throws(MessageError) -> [UInt8] {
        let count = try count()
        guard count <= remaining else { throw MessageError(description: "a message that ends early") }
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    mutating func text() throws(MessageError) -> String { String(decoding: try block(), as: UTF8.self) }

    mutating func rest() -> [UInt8] {
        defer { at = bytes.count }
        return Array(bytes[at...])
    }

    func end() throws(MessageError) {
        guard remaining == 0 else { throw MessageError(description: "a message with \(remaining) bytes too many") }
    }
}
