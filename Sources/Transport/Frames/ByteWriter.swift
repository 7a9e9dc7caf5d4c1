/// Writes little-endian integers into memory that has room for them.
struct RawWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func put<T: FixedWidthInteger>(_ value: T) {
        bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
        offset += MemoryLayout<T>.size
    }
}

/// Appends little-endian integers, texts and byte strings.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ values: some Collection<UInt8>) { bytes.append(contentsOf: values) }

    /// A text with its length before it, cut at a Unicode scalar's end where it is longer than `limit` bytes.
    mutating func put(text: String, limit: Int = 4096) {
        // By scalars: a character may hold any number of combining marks.
        var kept = Array(text.utf8.prefix(min(limit, Int(UInt16.max))))
        if kept.count < text.utf8.count { while String(validating: kept, as: UTF8.self) == nil { kept.removeLast() } }
        put(UInt16(kept.count))
        put(kept)
    }
}
