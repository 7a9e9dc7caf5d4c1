import Foundation
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
    /// - Parameters:
    ///   - first: the number of the first piece, among those that the neighbour gets behind the same step.
    ///   - bytes: a tensor's, which stay as they are until its tickets are free.
    /// - Returns: what to wait for.
    func sendState(
        _ names: [String], behind step: Int, to peer: Int, first: Int = 0,
        _ bytes: (String) throws -> UnsafeRawBufferPointer
    ) throws -> [SendTicket] {
        let link = try link(to: peer)
        var tickets: [SendTicket] = []
        for name in names {
            let all = try bytes(name)
            for piece in Self.pieces(of: all.count) {
                let part = UnsafeRawBufferPointer(rebasing: all[piece])
                tickets.append(
                    try endpoint.send(
                        link: link.id, header: stateHeader(behind: step, first + tickets.count, byteCount: part.count),
                        payload: part, more: true))
            }
        }
        endpoint.wakeNetwork()
        return tickets
    }

    /// Waits for tensors of a neighbour.
    /// - Parameter places: where each goes, in the order in which they come.
    func receiveState(
        behind step: Int, from peer: Int, first: Int = 0, into places: [UnsafeMutableRawBufferPointer]
    ) throws {
        let link = try link(from: peer)
        var number = first
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

    private func link(to peer: Int) throws -> Placement.WorkerLink {
        guard let link = links.lazy.compactMap({ $0 }).first(where: { $0.to == peer }) else {
            throw RunFailure(.bug, "no link to worker \(peer), which is to get a state")
        }
        return link
    }

    private func link(from peer: Int) throws -> Placement.WorkerLink {
        guard let link = links.lazy.compactMap({ $0 }).first(where: { $0.from == peer }) else {
            throw RunFailure(.bug, "no link from worker \(peer), which has a state that is needed here")
        }
        return link
    }

    private func stateHeader(behind step: Int, _ number: Int, byteCount: Int) -> FrameHeader {
        FrameHeader(
            .state, step: step, tensor: number, dtype: DType.i32.rawValue, shape: [byteCount], payloadLength: byteCount)
    }

    private static func pieces(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: TrainingPlan.statePiece).map { $0..<min($0 + TrainingPlan.statePiece, count) }
    }
}
