/// The header on the wire: 144 bytes, little-endian, every byte defined.
///
///     0 magic u32 · 4 version u16 · 6 kind u8 · 7 dtype u8 · 8 run u64 · 16 epoch u32 · 20 source u32 ·
///     24 destination u32 · 28 micro-batch u32 · 32 step u64 · 40 edge u32 · 44 dimensions u8 · 45 tensor u24 ·
///     48 sequence u64 · 56 payload length u64 · 64 sent at u64 · 72 extents 8 × u64 · 136 payload CRC32C u32 ·
///     140 header CRC32C u32
extension FrameHeader {
    package static let encodedSize = 144
    package static let version: UInt16 = 2
    /// `EFRM` in the order of the bytes.
    static let magic: UInt32 = 0x4D52_4645
    private static let checkedSize = 140

    package func encoded() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.encodedSize) { bytes, count in
            encode(into: UnsafeMutableRawBufferPointer(bytes))
            count = Self.encodedSize
        }
    }

    /// - Precondition: `bytes` has room for `encodedSize`.
    func encode(into bytes: UnsafeMutableRawBufferPointer) {
        var writer = RawWriter(bytes)
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(kind.rawValue)
        writer.put(dtype)
        writer.put(runID)
        writer.put(epoch)
        writer.put(UInt32(source))
        writer.put(UInt32(destination))
        writer.put(UInt32(microBatch))
        writer.put(UInt64(step))
        writer.put(UInt32(edge))
        writer.put(UInt32(tensor) << 8 | UInt32(dimensions))
        writer.put(sequence)
        writer.put(UInt64(payloadLength))
        writer.put(sentAt)
        for axis in 0..<Self.maxDimensions { writer.put(extents[axis]) }
        writer.put(payloadCRC)
        writer.put(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<Self.checkedSize])))
    }

    package init(decoding bytes: [UInt8]) throws(TransportError) {
        self = try bytes.withUnsafeBufferPointer { (bytes) throws(TransportError) -> FrameHeader in
            try FrameHeader(decoding: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Checks everything: size, magic, version, checksum, known kind, zeros in unused fields, no overflow.
    init(decoding bytes: UnsafeRawBufferPointer) throws(TransportError) {
        var reader = ByteReader(bytes, of: "frame header")
        try reader.expect(bytes.count, Self.encodedSize, "size")
        try reader.expect(reader.integer(UInt32.self), Self.magic, "magic")
        try reader.expect(reader.integer(UInt16.self), Self.version, "version")
        let crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<Self.checkedSize]))
        let kind = try reader.integer(UInt8.self)
        guard let known = FrameKind(rawValue: kind) else { throw reader.malformed("kind", "a known kind", "\(kind)") }
        self.init(known)
        dtype = try reader.integer()
        runID = try reader.integer()
        epoch = try reader.integer()
        source = try reader.int(UInt32.self, "source")
        destination = try reader.int(UInt32.self, "destination")
        microBatch = try reader.int(UInt32.self, "micro-batch")
        step = try reader.int(UInt64.self, "step")
        edge = try reader.int(UInt32.self, "edge")
        let packed = try reader.int(UInt32.self, "dimensions")
        (tensor, dimensions) = (packed >> 8, packed & 0xFF)
        sequence = try reader.integer()
        payloadLength = try reader.int(UInt64.self, "payload length")
        sentAt = try reader.integer()
        for axis in 0..<Self.maxDimensions { extents[axis] = try reader.integer() }
        payloadCRC = try reader.integer()
        try reader.expect(reader.integer(UInt32.self), crc, "header CRC32C")
        try checkExtents(reader)
    }

    private func checkExtents(_ reader: ByteReader) throws(TransportError) {
        guard dimensions <= Self.maxDimensions else {
            throw reader.malformed("dimensions", "at most \(Self.maxDimensions)", "\(dimensions)")
        }
        var count = 1
        for axis in 0..<Self.maxDimensions {
            guard axis < dimensions else {
                try reader.expect(extents[axis], 0, "unused extent")
                continue
            }
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(clamping: extents[axis]))
            guard extents[axis] <= UInt64(Int.max), !overflow else {
                throw reader.malformed(
                    "shape", "a product that fits 63 bits", "extent \(extents[axis]) at axis \(axis)")
            }
            count = product
        }
    }
}
