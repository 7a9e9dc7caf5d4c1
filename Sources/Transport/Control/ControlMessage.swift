/// What travels between a worker and the coordinator.
package enum ControlMessage: Hashable, Sendable {
    // Worker to coordinator.
    case hello(Hello)
    /// All links of this worker are connected.
    case ready
    case status(WorkerStatus)
    case failure(code: Int32, text: String)
    case goodbye
    /// The answer to a ping, and what this worker's clock says.
    case pong(ping: UInt64, clock: UInt64)
    // Coordinator to worker.
    case refused(String)
    /// The sockets that this worker has to connect to, and its peers' keys by rank, as far as they have any.
    case peers([BoundSocket], keys: [Int: PublicKey])
    case go
    /// Ends the run for this worker, and says why; or has it go over to another coordinator's address, where `next`, which
    /// is opaque and has at most 65,535 bytes, says which.
    case abort(String, next: [UInt8] = [])
    /// The goodbye, and so everything before it, has arrived.
    case dismissed
    /// Asks what the worker's clock says; the coordinator's says this.
    case ping(UInt64)
    // Both ways: a piece of an opaque message, and whether more pieces follow.
    case application([UInt8], more: Bool)

    /// The largest control message.
    package static let maxSize = 64 << 10
    /// The largest piece of an application message in one control message.
    package static let pieceSize = maxSize - 64
    /// The largest application message, in all its pieces.
    package static let maxApplicationSize = 256 << 20

    /// The pieces that carry an opaque message: at least one.
    package static func pieces(of message: [UInt8]) -> [ControlMessage] {
        guard message.count > pieceSize else { return [.application(message, more: false)] }
        return stride(from: 0, to: message.count, by: pieceSize).map { start in
            let end = min(start + pieceSize, message.count)
            return .application([UInt8](message[start..<end]), more: end < message.count)
        }
    }
}

/// Puts the pieces of application messages together again.
package struct Reassembly {
    private var pieces: [UInt8] = []

    /// The whole message, once its last piece is there.
    package init() {}

    package mutating func add(_ piece: [UInt8], more: Bool) throws(TransportError) -> [UInt8]? {
        guard pieces.count + piece.count <= ControlMessage.maxApplicationSize else {
            throw .malformed(
                "application message", expected: "at most \(ControlMessage.maxApplicationSize) bytes",
                got: "at least \(pieces.count + piece.count)")
        }
        if pieces.isEmpty && !more { return piece }
        pieces += piece
        guard !more else { return nil }
        defer { pieces = [] }
        return pieces
    }
}
