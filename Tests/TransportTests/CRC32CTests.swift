import Testing
import Transport

@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4, and the check value of the polynomial.
    static let vectors: [(bytes: [UInt8], crc: UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
        ([], 0),
    ]

    @Test(arguments: vectors.indices)
    func `checksums are RFC 3720's known values`(index: Int) {
        let (bytes, crc) = Self.vectors[index]
        bytes.withUnsafeBytes {
            #expect(CRC32C.checksum($0) == crc)
            #expect(CRC32C.software($0) == crc)
        }
    }

    /// Bit by bit, as the polynomial is defined.
    static func naive(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }

    @Test func `every length around the blocks agrees with the definition`() {
        let bytes = pattern(count: 5000, seed: 7)
        let lengths = Array(0...70) + Array(1015...1050) + [2047, 2048, 3071, 3072, 3073, 4999]
        for length in lengths {
            bytes.withUnsafeBytes {
                let part = UnsafeRawBufferPointer(rebasing: $0[1..<1 + length])
                let expected = Self.naive(part)
                #expect(CRC32C.checksum(part) == expected, "length \(length)")
                #expect(CRC32C.software(part) == expected, "length \(length)")
            }
        }
    }

    @Test func `a checksum can be extended`() {
        let bytes = pattern(count: 10_000, seed: 9)
        bytes.withUnsafeBytes {
            let whole = CRC32C.checksum($0)
            for cut in [0, 1, 8, 1023, 1024, 5000, 9999, 10_000] {
                let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<cut]))
                let rest = UnsafeRawBufferPointer(rebasing: $0[cut...])
                #expect(CRC32C.checksum(rest, extending: first) == whole)
                #expect(CRC32C.software(rest, extending: first) == whole)
            }
        }
    }
}
