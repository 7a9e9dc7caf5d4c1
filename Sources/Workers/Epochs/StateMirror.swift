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
    /// The older one first.
    private var own: [StateSnapshot]
    /// By the rank whose they are, the older one first.
    private var mirrored: [Int: [StateSnapshot]] = [:]
    /// By copy of its own: of its way to the holder.
    private var tickets: [[SendTicket]] = [[], []]

    /// nil where the plan has none.
    init?(_ plan: TrainingPlan, rank: Int, _ states: [StageState], _ port: MessagePort) {
        guard let holder = plan.mirror(of: rank) else { return nil }
        self.port = port
        self.holder = holder
        live = LiveState(states) { $0.isTrained || !plan.keepsTrainedOnly }
        func two(of rank: Int) -> [StateSnapshot] {
            (0..<2).map { _ in StateSnapshot(sizes: plan.stateSizes(ofRank: rank)) }
        }
        own = two(of: rank)
        for other in plan.placement.ranks where plan.mirror(of: other) == rank { mirrored[other] = two(of: other) }
    }

    /// Called by all ranks behind the same steps.
    func exchange(_ state: StepState) throws {
        own.swapAt(0, 1)
        tickets.swapAt(0, 1)
        // It is overwritten now, and may still be on its way.
        for ticket in tickets[1] { try ticket.wait() }
        let copy = own[1]
        copy.state = nil
        copy.fill(from: live)
        copy.state = state
        tickets[1] = try port.sendState(copy.names.compactMap { copy.bytes(of: $0) }, behind: state.step, to: holder)
        for rank in mirrored.keys.sorted() {
            mirrored[rank]?.swapAt(0, 1)
            guard let copy = mirrored[rank]?[1] else { continue }
            copy.state = nil
            try port.receiveState(
                behind: state.step, from: rank, into: copy.names.compactMap { copy.bytes(of: $0) })
            copy.state = state
        }
    }

    /// For the next epoch; nil where nothing was copied yet.
    var luggage: Luggage? {
        let all = Luggage(own: own, mirrored: mirrored)
        return all.isEmpty ? nil : all
    }
}
