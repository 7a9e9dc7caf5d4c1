import Runs
import Systems

/// One pass of the pipeline: positions of one text.
package struct PassOrder: Hashable, Sendable {
    /// Which of the texts in flight.
    package var slot: Int
    /// The position of the first id.
    package var start: Int
    /// As many as one of the plan's lengths.
    package var ids: [Int32]
    /// Of which of the ids the logits behind it are wanted; nil: of none.
    package var row: Int?

    package var length: Int { ids.count }
}

/// What goes down the pipeline: the first stage reads it from who drives it, each later one from the stage before.
enum StageCommand: Hashable {
    /// Ids travel to the first stage alone.
    case pass(PassOrder)
    /// No more passes.
    case end

    /// i32: kind, slot, start, length, row.
    static let headCount = 5
    static let headBytes = headCount * 4

    var head: [Int32] {
        switch self {
        case .end: [0, 0, 0, 0, 0]
        case .pass(let order):
            [1, Int32(order.slot), Int32(order.start), Int32(order.length), Int32(order.row ?? -1)]
        }
    }

    func encoded() -> [UInt8] {
        guard case .pass(let order) = self else { return head.bytes }
        return (head + order.ids).bytes
    }

    /// - Parameter hasIDs: whether ids follow the head.
    init(_ bytes: UnsafeRawBufferPointer, hasIDs: Bool) throws(RunFailure) {
        let words = [Int32](bytes: bytes)
        guard bytes.count >= Self.headBytes, bytes.count.isMultiple(of: 4), words[0] == 0 || words[0] == 1 else {
            throw RunFailure(.bug, "a pass of \(bytes.count) bytes")
        }
        guard words[0] == 1 else {
            self = .end
            return
        }
        let ids = Array(words.dropFirst(Self.headCount))
        let (slot, start, length, row) = (Int(words[1]), Int(words[2]), Int(words[3]), Int(words[4]))
        guard slot >= 0, start >= 0, length > 0, length <= Self.mostIDs, row < length,
            hasIDs ? ids.count == length : ids.isEmpty
        else { throw RunFailure(.bug, "a pass of \(ids.count) ids from \(start) on, \(length) announced") }
        self = .pass(
            PassOrder(
                slot: slot, start: start, ids: hasIDs ? ids : [Int32](repeating: 0, count: length),
                row: row < 0 ? nil : row))
    }

    private static let mostIDs = 1 << 24
}

extension [Int32] {
    var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    init(bytes: UnsafeRawBufferPointer) {
        self = (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
    }
}

/// The logits that a pass asked for, on their way to who drives the pipeline.
enum LogitsMessage {
    static func encode(slot: Int, _ logits: [Float]) -> [UInt8] {
        [Int32(slot)].bytes + logits.withUnsafeBytes { [UInt8]($0) }
    }

    static func decode(_ bytes: [UInt8]) throws(RunFailure) -> (slot: Int, logits: [Float]) {
        guard bytes.count >= 8, bytes.count.isMultiple(of: 4) else {
            throw RunFailure(.bug, "logits of \(bytes.count) bytes")
        }
        return bytes.withUnsafeBytes { bytes in
            let logits = (1..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
            return (Int(bytes.loadUnaligned(as: Int32.self)), logits)
        }
    }
}
