import Layers
import Manifests
import Models
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// The workers that share a stage's layers, as one of them sees them: each sends the others what is to be summed, and adds all
/// parts in the shards' order, so that all have the same bits.
///
/// Used by the compute thread alone. Passes cannot throw: after a failure every sum returns at once, and `check` throws what
/// it was.
final class ShardGroup: TensorGroup, @unchecked Sendable {
    let shard: TensorShard
    fileprivate let port: MessagePort
    private let backend: any Backend
    /// By shard; nil for this one.
    fileprivate let peers: [Peer?]
    /// By shard; nil for this one: where its part arrives.
    private let arrivals: [DeviceMemory?]
    private let result: DeviceMemory
    private let wide: DeviceMemory?
    private var step = 0
    /// Sums of the step so far: the same on all shards.
    private var number = 0
    private var failure: (any Error)?

    fileprivate struct Peer {
        var outgoing: Int
        var incoming: Int
    }

    /// nil where no layers are shared.
    init?(_ plan: TrainingPlan, rank: Int, port: MessagePort, on backend: any Backend) throws(TensorError) {
        guard let shard = plan.shard(of: rank) else { return nil }
        self.shard = shard
        self.port = port
        self.backend = backend
        let links = plan.placement.shardLinks(of: rank, in: plan.lowered)
        peers = (0..<shard.count).map { index in
            let other = rank - shard.index + index
            guard other != rank, let outgoing = links.first(where: { $0.to == other }),
                let incoming = links.first(where: { $0.from == other })
            else { return nil }
            return Peer(outgoing: outgoing.id, incoming: incoming.id)
        }
        let bytes = max(plan.greatestSum(of: rank), 64)
        arrivals = try peers.map { peer throws(TensorError) in
            peer == nil ? nil : try backend.allocate(byteCount: bytes)
        }
        result = try backend.allocate(byteCount: bytes)
        wide = plan.manifest.precision == .f32 ? nil : try backend.allocate(byteCount: 4 * bytes)
    }

    func begin(step: Int) {
        self.step = step
        number = 0
    }

    /// Throws what made a sum fail.
    func check() throws {
        if let failure { throw failure }
    }

    func sum(_ x: Tensor) {
        guard failure == nil else { return }
        do { try add(x) } catch { failure = error }
    }

    private func add(_ x: Tensor) throws {
        let header = FrameHeader(
            .reduction, step: step, tensor: number % (1 << 20), dtype: x.dtype.rawValue,
            shape: x.shape.extents, payloadLength: x.byteCount)
        number += 1
        let tickets = try peers.compactMap { $0 }.map { peer in
            try port.endpoint.send(link: peer.outgoing, header: header, payload: port.staging.bytes(of: x))
        }
        let parts = try peers.enumerated().map { index, peer in
            guard let peer, let memory = arrivals[index] else { return x }
            let part = Tensor(memory, spec: x.spec)
            try port.endpoint.receive(link: peer.incoming, expecting: header) { backend.upload($0, to: part) }
            return part
        }
        let sum = Tensor(result, spec: x.spec)
        backend.sum(
            parts, into: sum, wide: x.dtype == .f32 ? nil : wide.map { Tensor($0, spec: TensorSpec([2 * x.count])) })
        // What was sent is read where it lies.
        for ticket in tickets { try ticket.wait() }
        backend.copy(sum, to: x)
    }
}

// MARK: State

extension ShardGroup {
    /// Brings the shards' parts of a tensor together in the first one's copy. All shards do so.
    /// - Parameter slices: by shard, by the parameter's name: which part of it that shard has.
    func gather(
        _ tensor: StageState.NamedTensor, of state: StageState, _ slices: [[String: TensorSlice]],
        into copy: StateSnapshot, behind step: Int
    ) throws {
        guard shard.index == 0 else {
            return try state.withBytes(of: tensor) { bytes in
                guard let peer = peers[0] else { return }
                for ticket in try send(bytes, to: peer, behind: step) { try ticket.wait() }
            }
        }
        guard let whole = copy.bytes(of: tensor.name) else {
            throw RunFailure(.bug, "no place for \(tensor.name) in a checkpoint")
        }
        // Optimizer state is split as its parameter is.
        let name = tensor.isMoment ? tensor.name.split(separator: ".").dropLast().joined(separator: ".") : tensor.name
        for (index, peer) in peers.enumerated() {
            guard let slice = slices[index][name] else {
                throw RunFailure(.bug, "shard \(index) has no part of \(name)")
            }
            guard let peer else {
                state.withBytes(of: tensor) { slice.scatter($0, into: whole) }
                continue
            }
            let part = UnsafeMutableRawBufferPointer.allocate(
                byteCount: TensorSpec(slice.shape, tensor.tensor.dtype).byteCount, alignment: 64)
            defer { part.deallocate() }
            try receive(part, from: peer, behind: step)
            slice.scatter(UnsafeRawBufferPointer(part), into: whole)
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, to peer: Peer, behind step: Int) throws -> [SendTicket] {
        try MessagePort.pieces(of: bytes.count).map { piece in
            let part = UnsafeRawBufferPointer(rebasing: bytes[piece])
            return try port.endpoint.send(
                link: peer.outgoing, header: Self.header(behind: step, piece), payload: part)
        }
    }

    private func receive(_ bytes: UnsafeMutableRawBufferPointer, from peer: Peer, behind step: Int) throws {
        for piece in MessagePort.pieces(of: bytes.count) {
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[piece])
            try port.endpoint.receive(link: peer.incoming, expecting: Self.header(behind: step, piece)) {
                part.copyMemory(from: $0)
            }
        }
    }

    private static func header(behind step: Int, _ piece: Range<Int>) -> FrameHeader {
        FrameHeader(
            .state, step: step, tensor: piece.lowerBound / TrainingPlan.statePiece, dtype: DType.i32.rawValue,
            shape: [piece.count], payloadLength: piece.count)
    }
}

extension MessagePort {
    /// The links between shards that a rank's endpoint declares.
    static func shardLinks(of rank: Int, _ plan: TrainingPlan) -> [LinkDeclaration] {
        let largest = max(plan.greatestSum(of: rank), TrainingPlan.statePiece)
        return plan.placement.shardLinks(of: rank, in: plan.lowered).map { link in
            LinkDeclaration(id: link.id, from: link.from, to: link.to, depth: 4, maxPayload: largest)
        }
    }
}
