/// How a file stores a tensor's numbers: each by itself, or in blocks that share a scale.
package enum StoredEncoding: Hashable, Sendable {
    case plain(StoredType)
    case blocks(BlockType)

    /// Elements that are stored together: those of a block, else 1. A row holds whole blocks.
    var blockLength: Int {
        switch self {
        case .plain: 1
        case .blocks: BlockType.length
        }
    }

    /// Bytes of one block, or of one element.
    var blockByteCount: Int {
        switch self {
        case .plain(let type): type.size
        case .blocks(let type): type.byteCount
        }
    }

    package var isFloatingPoint: Bool {
        switch self {
        case .plain(let type): type.isFloatingPoint
        case .blocks: true
        }
    }

    /// Bytes of a tensor, or nil when they overflow or a row holds no whole number of blocks.
    func byteCount(_ extents: [Int]) -> Int? {
        guard case .blocks(let type) = self else { return CheckedExtents.byteCount(extents, of: blockByteCount) }
        guard let width = extents.last, width >= 0, width % BlockType.length == 0 else { return nil }
        return CheckedExtents.byteCount(extents.dropLast() + [width / BlockType.length], of: type.byteCount)
    }
}

extension StoredEncoding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .plain(let type): type.description
        case .blocks(let type): type.rawValue
        }
    }
}

/// The quantised types of GGUF files that are read: blocks of 32 elements of a row, each with a scale in f16
/// (https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h). Raw values are the names people know them by.
package enum BlockType: String, Hashable, Sendable, CaseIterable {
    /// scale · q, q of 8 bits with a sign.
    case bytes = "Q8_0"
    /// scale · (q − 8), q of 4 bits.
    case nibbles = "Q4_0"
    /// scale · q + minimum, q of 4 bits.
    case nibblesWithMinimum = "Q4_1"

    /// Elements of a block.
    static let length = 32

    /// Bytes of a block: its scale, its minimum, its elements.
    var byteCount: Int {
        switch self {
        case .bytes: 34
        case .nibbles: 18
        case .nibblesWithMinimum: 20
        }
    }

    /// Writes a block's 32 elements as f32, rounded after each operation as the format's own implementation does.
    /// - Parameters:
    ///   - block: `byteCount` bytes.
    ///   - out: room for 32 elements.
    func dequantise(_ block: UnsafeRawPointer, into out: UnsafeMutablePointer<Float>) {
        let scale = Self.half(block)
        switch self {
        case .bytes:
            for i in 0..<32 { out[i] = scale * Float(block.load(fromByteOffset: 2 + i, as: Int8.self)) }
        case .nibbles:
            for i in 0..<16 {
                let pair = block.load(fromByteOffset: 2 + i, as: UInt8.self)
                out[i] = scale * Float(Int8(pair & 15) - 8)
                out[16 + i] = scale * Float(Int8(pair >> 4) - 8)
            }
        case .nibblesWithMinimum:
            let minimum = Self.half(block + 2)
            for i in 0..<16 {
                let pair = block.load(fromByteOffset: 4 + i, as: UInt8.self)
                out[i] = scale * Float(pair & 15) + minimum
                out[16 + i] = scale * Float(pair >> 4) + minimum
            }
        }
    }

    private static func half(_ bytes: UnsafeRawPointer) -> Float {
        Float(Float16(bitPattern: UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self))))
    }
}
