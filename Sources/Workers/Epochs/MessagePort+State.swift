import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// States on their way between workers, over the links that the schedule has anyway: tensors in pieces, one behind another.
extension MessagePort {
    /// Sends tensors to a neighbour. Nothing waits: the links' credit bounds what is on its way.
    /// - Parameter tensors: they stay as they are until their tickets are free.
    /// - Returns: what to wait for.
    func sendState(_ tensors: [UnsafeMutableRawBufferPointer], behind step: Int, to peer: Int) throws -> [SendTicket] {
        let link = try stateLink(to: peer)
        var tickets: [SendTicket] = []
        for tensor in tensors {
            for piece in Self.pieces(of: tensor.count) {
                let part = UnsafeRawBufferPointer(rebasing: tensor[piece])
                tickets.append(
                    try endpoint.send(
                        link: link.id, header: stateHeader(behind: step, tickets.count, byteCount: part.count),
                        payload: part, more: true))
            }
        }
        endpoint.wakeNetwork()
        return tickets
    }

    /// Waits for tensors of a neighbour.
    /// - Parameter places: where each goes, in the order in which they come.
    func receiveState(
        behind step: Int, from peer: Int, into places: [UnsafeMutableRawBufferPointer]
    ) throws {
        let link = try stateLink(from: peer)
        var number = 0
        for place in places {
            for piece in Self.pieces(of: place.count) {
                let part = UnsafeMutableRawBufferPointer(rebasing: place[piece])
                try endpoint.receive(
                    link: link.id, expecting: stateHeader(behind: step, number, byteCount: part.count)
                ) { part.copyMemory(from: $0) }
                number += 1
            }
        }
    }

    private func stateLink(to peer: Int) throws -> Placement.WorkerLink {
        guard let link = link(to: peer) else {
            throw RunFailure(.bug, "no link to worker \(peer), which is to get a state")
        }
        return link
    }

    private func stateLink(from peer: Int) throws -> Placement.WorkerLink {
        guard let link = link(from: peer) else {
            throw RunFailure(.bug, "no link from worker \(peer), which has a state that is needed here")
        }
        return link
    }

    private func stateHeader(behind step: Int, _ number: Int, byteCount: Int) -> FrameHeader {
        FrameHeader(
            .state, step: step, tensor: number, dtype: DType.i32.rawValue, shape: [byteCount], payloadLength: byteCount)
    }

    /// The ranges of so many bytes that travel each in a message of its own.
    static func pieces(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: TrainingPlan.statePiece).map { $0..<min($0 + TrainingPlan.statePiece, count) }
    }
}
