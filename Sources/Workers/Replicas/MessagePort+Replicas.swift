import Models
import Planning
import Runs
import Scheduling
import Systems
import Tensors
import Transport

/// What replicas of a stage send each other: blocks of gradients, and what follows from them.
extension MessagePort {
    /// The links between replicas that a rank's endpoint declares.
    static func replicaLinks(of rank: Int, _ plan: TrainingPlan) -> [LinkDeclaration] {
        guard plan.addsReplicas else { return [] }
        let largest =
            plan.placement.stages(of: rank).flatMap { plan.gradientBlocks(ofStage: $0) }
            .map(\.elements.count).max() ?? 0
        return plan.placement.replicaLinks(of: rank, in: plan.lowered).map { link in
            LinkDeclaration(
                id: link.id, from: link.from, to: link.to, depth: TrainingPlan.blockDepth,
                maxPayload: largest * DType.f32.size)
        }
    }

    /// A link to or from another replica of this rank's position.
    struct ReplicaPeer {
        let parts: Int
        let sums: Int

        /// - Precondition: two links lead from `from` to `to`.
        init(_ links: [Placement.ReplicaLink], from: Int, to: Int) {
            func id(_ cargo: Placement.ReplicaLink.Cargo) -> Int {
                guard let link = links.first(where: { $0.from == from && $0.to == to && $0.cargo == cargo }) else {
                    preconditionFailure("no link from rank \(from) to rank \(to) for \(cargo)")
                }
                return link.id
            }
            (parts, sums) = (id(.parts), id(.sums))
        }

        func link(_ cargo: Placement.ReplicaLink.Cargo) -> Int { cargo == .parts ? parts : sums }
    }

    /// Hands a block to a link; it stays as it is until its ticket is free.
    /// - Parameter number: the block's among those of the step.
    func send(
        _ tensor: Tensor, block number: Int, _ cargo: Placement.ReplicaLink.Cargo, step: Int, to peer: ReplicaPeer,
        more: Bool
    ) throws -> SendTicket {
        try endpoint.send(
            link: peer.link(cargo), header: header(tensor.spec, block: number, cargo, step: step),
            payload: staging.bytes(of: tensor), more: more)
    }

    /// Whether a replica's next block is there.
    func hasBlock(_ cargo: Placement.ReplicaLink.Cargo, from peer: ReplicaPeer) -> Bool {
        guard let network else { return endpoint.hasMessage(link: peer.link(cargo)) }
        guard let header = endpoint.nextHeader(link: peer.link(cargo)) else { return false }
        return network.arrival(link: peer.link(cargo), header) <= MonotonicClock.now
    }

    /// Waits for a block of another replica.
    func receive(
        _ tensor: Tensor, block number: Int, _ cargo: Placement.ReplicaLink.Cargo, step: Int, from peer: ReplicaPeer
    ) throws {
        let header = try endpoint.receive(
            link: peer.link(cargo), expecting: header(tensor.spec, block: number, cargo, step: step)
        ) { backend.upload($0, to: tensor) }
        _ = network?.await(link: peer.link(cargo), header)
    }

    /// The same into host memory.
    func receive(
        _ bytes: UnsafeMutableRawBufferPointer, _ spec: TensorSpec, block number: Int,
        _ cargo: Placement.ReplicaLink.Cargo, step: Int, from peer: ReplicaPeer
    ) throws {
        try endpoint.receive(
            link: peer.link(cargo), expecting: header(spec, block: number, cargo, step: step)
        ) { bytes.copyMemory(from: $0) }
    }

    private func header(
        _ spec: TensorSpec, block number: Int, _ cargo: Placement.ReplicaLink.Cargo, step: Int
    ) -> FrameHeader {
        FrameHeader(
            .reduction, step: step, edge: cargo.rawValue, tensor: number, dtype: spec.dtype.rawValue,
            shape: spec.shape.extents, payloadLength: spec.byteCount)
    }
}
