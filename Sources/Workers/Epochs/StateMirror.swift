import Foundation
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Transport

/// Copies of states, so that no step that was done is lost with a worker: behind each step a rank copies its own, sends the
/// copy to a neighbour, and keeps those of the ranks that it mirrors.
///
/// Two of each are kept. A rank reports a step's end once it has what it mirrors of it; and the next update, which alone makes a
/// third copy, waits for all ranks. So of the newest step that all ranks have reported, every rank has its own state, and
/// its mirror has another one.
final class StateMirror {
    private let port: MessagePort
    private let live: LiveState
    /// Who keeps this rank's.
    private let holder: Int
    private var own: [Copy]
    private var mirrored: [Int: [StateSnapshot]] = [:]
    private let mirroredRanks: [Int]

    private struct Copy {
        var snapshot: StateSnapshot
        /// Of its way to the holder.
        var tickets: [SendTicket] = []
    }

    /// nil where the plan has none.
    init?(_ plan: TrainingPlan, rank: Int, _ states: [StageState], _ port: MessagePort) {
        guard let holder = plan.mirror(of: rank) else { return nil }
        self.port = port
        self.holder = holder
        mirroredRanks = plan.placement.ranks.filter { plan.mirror(of: $0) == rank }
        live = LiveState(states) { $0.isTrained || !plan.keepsTrainedOnly }
        let sizes = live.sizes
        own = (0..<2).map { _ in Copy(snapshot: StateSnapshot(sizes: sizes)) }
    }

    /// Called by all ranks behind the same steps.
    func exchange(_ state: StepState) throws {
        let isFirst = own[1].snapshot.state == nil
        own.swapAt(0, 1)
        for ticket in own[1].tickets { try ticket.wait() }
        let copy = own[1].snapshot
        copy.state = nil
        copy.fill(from: live)
        copy.state = state
        // Both are views of what does not move before the ticket is free.
        let table = isFirst ? try Table(copy, state) : nil
        own[1].tickets = try table?.send(port, behind: state.step, to: holder) ?? []
        own[1].tickets += try port.sendState(
            copy.names, behind: state.step, to: holder, first: Self.tableParts
        ) { name in
            copy.bytes(of: name).map { UnsafeRawBufferPointer($0) } ?? UnsafeRawBufferPointer(start: nil, count: 0)
        }
        for rank in mirroredRanks {
            if isFirst {
                let sizes = try Table.receive(port, behind: state.step, from: rank)
                mirrored[rank] = (0..<2).map { _ in StateSnapshot(sizes: sizes) }
            }
            mirrored[rank]?.swapAt(0, 1)
            guard let copy = mirrored[rank]?[1] else { continue }
            copy.state = nil
            try port.receiveState(
                behind: state.step, from: rank, first: Self.tableParts,
                into: copy.names.compactMap { copy.bytes(of: $0) })
            copy.state = state
        }
        // The table is not there longer than this call.
        if table != nil { for ticket in own[1].tickets { try ticket.wait() } }
    }

    /// For the next epoch; nil where nothing was copied yet.
    var luggage: Luggage? {
        let all = Luggage(own: own.map(\.snapshot), mirrored: mirrored)
        return all.isEmpty ? nil : all
    }

    private static let tableParts = 1 << 16

    /// What a rank's state is made of, told once: only its own plan of memory says so.
    private final class Table {
        private let length: UnsafeMutableRawBufferPointer
        private let text: UnsafeMutableRawBufferPointer

        init(_ copy: StateSnapshot, _ state: StepState) throws {
            let sizes = Dictionary(uniqueKeysWithValues: copy.names.map { ($0, copy.bytes(of: $0)?.count ?? 0) })
            let bytes = try JSONEncoder().encode(sizes)
            text = .allocate(byteCount: bytes.count, alignment: 8)
            text.copyBytes(from: bytes)
            length = .allocate(byteCount: 8, alignment: 8)
            length.storeBytes(of: UInt64(bytes.count).littleEndian, as: UInt64.self)
        }

        deinit {
            length.deallocate()
            text.deallocate()
        }

        func send(_ port: MessagePort, behind step: Int, to peer: Int) throws -> [SendTicket] {
            try port.sendState(["length"], behind: step, to: peer) { _ in UnsafeRawBufferPointer(length) }
                + port.sendState(["table"], behind: step, to: peer, first: 1) { _ in UnsafeRawBufferPointer(text) }
        }

        /// Of millions of tensors.
        private static let limit = 1 << 28

        static func receive(_ port: MessagePort, behind step: Int, from peer: Int) throws -> [String: Int] {
            func receive(_ count: Int, first: Int) throws -> [UInt8] {
                var bytes = [UInt8](repeating: 0, count: count)
                try bytes.withUnsafeMutableBytes {
                    try port.receiveState(behind: step, from: peer, first: first, into: [$0])
                }
                return bytes
            }
            let count = try receive(8, first: 0).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard count <= limit else {
                throw RunFailure(.bug, "worker \(peer) announces a table of \(count) bytes for its state")
            }
            let sizes = try JSONDecoder().decode(
                [String: Int].self, from: Data(try receive(Int(count), first: 1)))
            guard sizes.values.allSatisfy({ (0..<1 << 46).contains($0) }) else {
                throw RunFailure(.bug, "worker \(peer) announces a state of impossible size")
            }
            return sizes
        }
    }
}
