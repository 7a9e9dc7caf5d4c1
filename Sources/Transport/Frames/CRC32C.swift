internal import CZeroMQ

/// The Castagnoli checksum of RFC 3720: by the CPU's instruction where it has one, else by eight tables.
package enum CRC32C {
    /// The CRC of `bytes`, or of everything before them and them when `crc` is the CRC of what came before.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, extending crc: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return crc }
        return hasHardware ? crc32c_hardware(crc, base, bytes.count) : software(bytes, extending: crc)
    }

    private static let hasHardware = crc32c_hardware_available()

    /// Slicing by eight: one table look-up per byte, but eight of them independent of each other.
    package static func software(_ bytes: UnsafeRawBufferPointer, extending crc: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var crc = ~crc
            var at = 0
            while bytes.count - at >= 8 {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ UInt64(crc)
                crc = 0
                for lane in 0..<8 { crc ^= tables[(7 - lane) << 8 | Int(word >> (8 * lane) & 0xFF)] }
                at += 8
            }
            while at < bytes.count {
                crc = tables[Int((crc ^ UInt32(bytes[at])) & 0xFF)] ^ crc >> 8
                at += 1
            }
            return ~crc
        }
    }

    /// Eight tables of 256: entry [k][b] is the CRC of byte b followed by k zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 << 8)
        for byte in 0..<256 {
            tables[byte] = (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = tables[Int(previous & 0xFF)] ^ previous >> 8
        }
        return tables
    }()
}
