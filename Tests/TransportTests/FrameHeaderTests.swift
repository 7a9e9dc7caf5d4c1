import Systems
import Testing
import Transport

@Suite struct FrameHeaderTests {
    static var sample: FrameHeader {
        var header = FrameHeader(
            .gradient, step: 70_000_000_000, microBatch: 5, edge: 2, tensor: 1, dtype: 1, shape: [2, 256, 512],
            payloadLength: 524_288)
        header.runID = 0x1234_5678_9ABC_DEF0
        header.epoch = 3
        header.source = 1
        header.destination = 0
        header.sequence = 99
        header.sentAt = 123_456_789_012
        header.payloadCRC = 0xDEAD_BEEF
        return header
    }

    @Test func `what is encoded is decoded`() throws {
        let bytes = Self.sample.encoded()
        #expect(bytes.count == FrameHeader.encodedSize)
        #expect(try FrameHeader(decoding: bytes) == Self.sample)
        #expect(try FrameHeader(decoding: FrameHeader(.credit).encoded()) == FrameHeader(.credit))
    }

    @Test func `the layout is little-endian, each field at its offset`() {
        let bytes = Self.sample.encoded()
        #expect(Array(bytes[0..<8]) == Array("EFRM".utf8) + [2, 0, 2, 1])
        #expect(Array(bytes[8..<16]) == [0xF0, 0xDE, 0xBC, 0x9A, 0x78, 0x56, 0x34, 0x12])
        #expect(Array(bytes[28..<32]) == [5, 0, 0, 0])
        #expect(Array(bytes[40..<48]) == [2, 0, 0, 0, 3, 1, 0, 0])
        #expect(Array(bytes[72..<80]) == [2, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(bytes[136..<140]) == [0xEF, 0xBE, 0xAD, 0xDE])
    }

    @Test func `every flipped bit is noticed`() {
        let bytes = Self.sample.encoded()
        for bit in 0..<bytes.count * 8 {
            var broken = bytes
            broken[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: TransportError.self) { try FrameHeader(decoding: broken) }
        }
    }

    @Test func `random bytes throw`() {
        var generator = SplitMix64(seed: 11)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...300, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: TransportError.self) { try FrameHeader(decoding: bytes) }
        }
        for count in 0..<FrameHeader.encodedSize {
            #expect(throws: TransportError.self) { try FrameHeader(decoding: Array(Self.sample.encoded()[..<count])) }
        }
    }

    /// Random fields under a right checksum: whoever can compute a CRC still cannot make the reader trap.
    @Test func `hostile fields under a correct checksum never trap`() {
        var generator = SplitMix64(seed: 12)
        for _ in 0..<5000 {
            var bytes = Self.sample.encoded()
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 6..<140, using: &generator)] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(
                    using: &generator)!
            }
            sign(&bytes)
            guard let header = try? FrameHeader(decoding: bytes) else { continue }
            #expect(header.encoded() == bytes)
        }
    }

    private func sign(_ bytes: inout [UInt8]) {
        let crc = bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<140])) }
        withUnsafeBytes(of: crc.littleEndian) { bytes.replaceSubrange(140..<144, with: $0) }
    }

    @Test(arguments: [
        (6, [UInt8(99)], "kind"), (44, [9, 0, 0, 0], "dimensions"), (96, [1], "unused extent"),
        (79, [0x80], "shape"), (77, [0xFF, 0xFF, 0x7F], "shape"), (63, [0x80], "payload length"),
        (4, [3], "version"), (0, [0], "magic"),
    ])
    func `the error names the field`(place: Int, values: [UInt8], field: String) throws {
        var bytes = Self.sample.encoded()
        bytes.replaceSubrange(place..<place + values.count, with: values)
        sign(&bytes)
        let error = try #require(throws: TransportError.self) { try FrameHeader(decoding: bytes) }
        #expect("\(error)".contains(field), "\(error)")
    }

    @Test func `a mismatch names both sides`() throws {
        var expected = Self.sample
        expected.sentAt = 0
        expected.payloadCRC = 0
        #expect(Self.sample.mismatch(expected: expected) == nil)
        expected.microBatch = 4
        expected.shape = [2, 256, 256]
        let text = try #require(Self.sample.mismatch(expected: expected))
        #expect(
            text
                == "rank 1 sent micro-batch 5, shape [2, 256, 512], rank 0 expected micro-batch 4, shape [2, 256, 256]; "
                + "due was the gradient of micro-batch 4, step 70000000000, tensor 1 of edge 2"
        )
    }

    @Test func `every field is compared`() {
        let changes: [(inout FrameHeader) -> Void] = [
            { $0.kind = .activation }, { $0.step += 1 }, { $0.microBatch += 1 }, { $0.edge += 1 }, { $0.tensor += 1 },
            { $0.dtype += 1 },
            { $0.shape = [2, 256] }, { $0.payloadLength += 1 }, { $0.runID += 1 }, { $0.epoch += 1 },
            { $0.source += 1 },
            { $0.destination += 1 }, { $0.sequence += 1 },
        ]
        for change in changes {
            var other = Self.sample
            change(&other)
            #expect(other.mismatch(expected: Self.sample) != nil)
        }
    }
}
