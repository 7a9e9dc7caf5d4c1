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
/// Ranks send each other their own members' gradients, piece by piece, and each adds for itself.
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
        /// The elements of each piece.
        var pieces: [Range<Int>]
        /// Where a piece's sum grows, unless the first of `members` is this rank's: then in its gradient.
        var sum: Tensor?
        /// Where others' pieces arrive.
        var arrival: Tensor?

        /// The number of a member's piece among the tie's messages of a step.
        func part(_ piece: Int, of member: Member) -> Int { piece * members.count + member.index }
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
        for (index, tie) in plan.model.ties.enumerated() where plan.isTraining && plan.model.isTrained(tie) {
            var members = plan.members(of: tie).enumerated().map { index, place in
                Member(
                    index: index,
                    rank: plan.placement.rank(
                        atPosition: place.position, replica: replica, shard: plan.placement.shard(of: rank)),
                    gradient: executors[place.stage]?.gradient(
                        ofNode: place.member.node, parameter: place.member.parameter))
            }
            guard members.contains(where: { $0.gradient != nil }) else { continue }
            // The first two may change places, since a + b = b + a: so the second one's rank adds in place too.
            if members[0].gradient == nil, members[1].gradient != nil { members.swapAt(0, 1) }
            let model = executors.values.first?.model
            let spec = plan.spec(of: tie, model)
            let pieces = plan.pieces(of: tie, replica: replica, model)
            guard !pieces.isEmpty else { continue }
            func make() throws(TensorError) -> Tensor {
                let piece = TensorSpec([pieces[0].count], spec.dtype)
                return Tensor(try backend.allocate(byteCount: piece.byteCount), spec: piece)
            }
            let peers = Set(members.lazy.filter { $0.gradient == nil }.map(\.rank)).sorted()
            ties.append(
                OwnTie(
                    index: index, members: members, peers: peers, pieces: pieces,
                    sum: members[0].gradient == nil ? try make() : nil, arrival: peers.isEmpty ? nil : try make()))
        }
        self.ties = ties
    }

    /// Whether nothing of this rank is tied to another parameter.
    var isEmpty: Bool { ties.isEmpty }

    /// Called when the rank's instructions of the step are done.
    func run(step: Int, port: MessagePort, recorder: inout EventRecorder) throws {
        for tie in ties {
            // All at once: the links' credit bounds what is on its way.
            let sent = try tie.pieces.indices.map { try send($0, of: tie, step: step, port, &recorder) }
            for piece in tie.pieces.indices {
                try add(piece, of: tie, step: step, sent[piece], port, &recorder)
            }
        }
    }

    private func send(
        _ piece: Int, of tie: OwnTie, step: Int, _ port: MessagePort, _ recorder: inout EventRecorder
    ) throws -> [SendTicket] {
        var sent: [SendTicket] = []
        for member in tie.members {
            guard let gradient = member.gradient else { continue }
            for peer in tie.peers {
                sent.append(
                    try port.send(
                        gradient.slice(tie.pieces[piece]), tie: tie.index, part: tie.part(piece, of: member),
                        step: step, to: peer, recorder: &recorder))
            }
        }
        return sent
    }

    private func add(
        _ piece: Int, of tie: OwnTie, step: Int, _ sent: [SendTicket], _ port: MessagePort,
        _ recorder: inout EventRecorder
    ) throws {
        let elements = tie.pieces[piece]
        guard let sum = tie.members[0].gradient?.slice(elements) ?? tie.sum?.slice(0..<elements.count) else {
            preconditionFailure("tie \(tie.index) has no place for its sum")
        }
        for (place, member) in tie.members.enumerated() {
            let part: Tensor
            if let own = member.gradient {
                part = own.slice(elements)
            } else if let arrival = tie.arrival {
                part = arrival.slice(0..<elements.count)
                try port.receive(
                    part, tie: tie.index, part: tie.part(piece, of: member), step: step, from: member.rank,
                    recorder: &recorder)
            } else {
                preconditionFailure("member \(member.index) of tie \(tie.index) is nowhere")
            }
            if place == 1 {
                // From here on own gradients change.
                for ticket in sent { try ticket.wait() }
            }
            recorder.work(.optimizer) {
                if place > 0 {
                    backend.add(sum, part, into: sum)
                } else if member.gradient == nil {
                    backend.copy(part, to: sum)
                }
            }
        }
        recorder.work(.optimizer) {
            for own in tie.members.compactMap({ $0.gradient?.slice(elements) }) where own.address != sum.address {
                backend.copy(sum, to: own)
            }
        }
    }
}

extension Tensor {
    /// Elements in a row, as a vector.
    fileprivate func slice(_ elements: Range<Int>) -> Tensor { slice(start: elements.lowerBound, [elements.count]) }
}
