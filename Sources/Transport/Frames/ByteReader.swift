internal import Systems

/// Reads little-endian integers, texts and byte strings out of untrusted bytes; throws where they end too early.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private let what: String
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer, of what: String) {
        self.bytes = bytes
        self.what = what
    }

    var remaining: Int { bytes.count - offset }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(TransportError) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw malformed("length", "\(size) more bytes", "\(remaining)") }
        defer { offset += size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// An integer of `type` as a non-negative Int.
    mutating func int<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type, _ name: String, atMost limit: Int = .max
    ) throws(TransportError) -> Int {
        let value: T = try integer()
        guard let int = Int(exactly: value), int <= limit else { throw malformed(name, "at most \(limit)", "\(value)") }
        return int
    }

    mutating func bytes(_ count: Int) throws(TransportError) -> [UInt8] {
        guard remaining >= count else { throw malformed("length", "\(count) more bytes", "\(remaining)") }
        defer { offset += count }
        return [UInt8](bytes[offset..<offset + count])
    }

    /// A text of at most 65,535 bytes, preceded by its length: in one line, safe to print from here on.
    mutating func text(_ name: String, limit: Int = 4096) throws(TransportError) -> String {
        try rawText(name).printable(limit: limit)
    }

    /// The same in lines.
    mutating func lines(_ name: String) throws(TransportError) -> String { try rawText(name).printableLines() }

    private mutating func rawText(_ name: String) throws(TransportError) -> String {
        let raw = try bytes(Int(integer(UInt16.self)))
        guard let text = String(validating: raw, as: UTF8.self) else { throw malformed(name, "UTF-8", "other bytes") }
        return text
    }

    mutating func rest() throws(TransportError) -> [UInt8] { try bytes(remaining) }

    func expectEnd() throws(TransportError) { try expect(remaining, 0, "bytes after the end") }

    func expect<T: Equatable>(_ got: T, _ expected: T, _ name: String) throws(TransportError) {
        guard got == expected else { throw malformed(name, "\(expected)", "\(got)") }
    }

    func malformed(_ name: String, _ expected: String, _ got: String) -> TransportError {
        .malformed("\(what), \(name)", expected: expected, got: got)
    }
}
