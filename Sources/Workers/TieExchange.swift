import Models
import Planning
import Runs
import Scheduling
import Stages
import Tensors
import Transport

/// Brings the gradients of tied parameters together at the end of a step: afterwards each member of a tie has the sum over
/// all members, added in the tie's order whatever the cuts are, so that all copies of the parameter move alike.
///
/// Ranks send each other their own members' gradients and each adds for itself.
struct TieExchange {
    private let ties: [OwnTie]
    private let backend: any Backend

    /// A tie of which this rank has a member.
    private struct OwnTie {
        var index: Int
        /// In the order of their sum.
        var members: [Member]
        /// The other ranks that have members.
        var peers: [Int]
        /// Where the sum grows: the gradient of the first of `members` if that is this rank's.
        var sum: Tensor
        /// Where others' gradients arrive.
        var arrival: Tensor?

        var own: [Tensor] { members.compactMap(\.gradient) }
    }

    private struct Member {
        /// Its place in the tie.
        var index: Int
        var rank: Int
        /// On this rank.
        var gradient: Tensor?
    }

    init(
        _ plan: TrainingPlan, rank: Int, executors: [Int: StageExecutor], on backend: any Backend
    ) throws(TensorError) {
        self.backend = backend
        let replica = plan.placement.replica(of: rank)
        var ties: [OwnTie] = []
        for (index, tie) in plan.model.ties.enumerated() {
            var members = plan.members(of: tie).enumerated().map { index, place in
                Member(
                    index: index, rank: plan.placement.rank(atPosition: place.position, replica: replica),
                    gradient: executors[place.stage]?.gradient(
                        ofNode: place.member.node, parameter: place.member.parameter))
            }
            guard members.contains(where: { $0.gradient != nil }) else { continue }
            // The first two may change places, since a + b = b + a: so the second one's rank adds in place too.
            if members[0].gradient == nil, members[1].gradient != nil { members.swapAt(0, 1) }
            let spec = plan.spec(of: tie)
            func make() throws(TensorError) -> Tensor {
                Tensor(try backend.allocate(byteCount: spec.byteCount), spec: spec)
            }
            let sum = if let own = members[0].gradient { own } else { try make() }
            let peers = Set(members.lazy.filter { $0.gradient == nil }.map(\.rank)).sorted()
            ties.append(
                OwnTie(
                    index: index, members: members, peers: peers, sum: sum,
                    arrival: peers.isEmpty ? nil : try make()))
        }
        self.ties = ties
    }

    /// Called when the rank's instructions of the step are done.
    func run(step: Int, port: MessagePort, recorder: inout EventRecorder) throws {
        for tie in ties {
            var sent: [SendTicket] = []
            for member in tie.members {
                guard let gradient = member.gradient else { continue }
                for peer in tie.peers {
                    sent.append(
                        try port.send(
                            gradient, tie: tie.index, member: member.index, step: step, to: peer, recorder: &recorder))
                }
            }
            try add(tie, step: step, sent, port, &recorder)
        }
    }

    private func add(
        _ tie: OwnTie, step: Int, _ sent: [SendTicket], _ port: MessagePort, _ recorder: inout EventRecorder
    ) throws {
        for (place, member) in tie.members.enumerated() {
            let part: Tensor
            if let own = member.gradient {
                part = own
            } else if let arrival = tie.arrival {
                try port.receive(
                    arrival, tie: tie.index, member: member.index, step: step, from: member.rank, recorder: &recorder)
                part = arrival
            } else {
                preconditionFailure("member \(member.index) of tie \(tie.index) is nowhere")
            }
            if place == 1 {
                // From here on own gradients change.
                for ticket in sent { try ticket.wait() }
            }
            recorder.work(.optimizer) {
                if place > 0 {
                    backend.add(tie.sum, part, into: tie.sum)
                } else if member.gradient == nil {
                    backend.copy(part, to: tie.sum)
                }
            }
        }
        recorder.work(.optimizer) {
            for gradient in tie.own.drop(while: { $0.address == tie.sum.address }) {
                backend.copy(tie.sum, to: gradient)
            }
        }
    }
}
