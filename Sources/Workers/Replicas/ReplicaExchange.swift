import Models
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// Adds the gradients of a stage's replicas, so that all of them have the sum: the same bits whatever arrives first.
///
/// Each block of a gradient has an owner among the replicas. The others send it their parts as soon as the last micro-batch
/// has made them; it adds all parts as branches of one tree, and sends the sum back. What each rank sends and receives is
/// what a ring's reduce-scatter and all-gather would, (R − 1)/R of the gradients twice, in one hop instead of R − 1; and the
/// order of the sum is the tree's, where a ring's would change with the number of replicas.
///
/// The compute thread calls `advance` between the nodes of its last passes: what travels then is hidden behind them.
final class ReplicaExchange {
    let port: MessagePort
    let backend: any Backend
    /// This rank's.
    let replica: Int
    /// By replica; nil for this one.
    let receivers: [MessagePort.ReplicaPeer?]
    let senders: [MessagePort.ReplicaPeer?]
    /// By replica; nil for this one: where its part of a block arrives.
    private let arrivals: [Tensor?]
    let addsOnly: Bool

    /// In the order in which their gradients are whole.
    let blocks: [Block]
    /// By owner: indices of `blocks`.
    let owned: [[Int]]
    /// By stage: what this replica adds up and counts in the gradient norm, in the model's order.
    let countedBlocks: [Int: [GradientBlock]]

    // Of the step at hand.
    var step = 0
    private var wholeNodes: Set<NodePlace> = []
    /// So many of `blocks` are whole and on their way.
    private var sent = 0
    /// By owner: so many of `owned` are added (of this replica), or have come back as a sum.
    private var settled: [Int]
    /// By block: of this replica's part.
    private var tickets: [SendTicket?]
    private var sumTickets: [SendTicket] = []
    var weightTickets: [SendTicket] = []
    /// By stage: when its first block left.
    private var began: [Int: UInt64] = [:]

    struct Block {
        var node: NodePlace
        var owner: Int
        var gradient: Tensor
        /// What layers compute with.
        var weights: Tensor
        /// The master, where it lies in no replica whole, and where it does in a copy.
        var master: MasterPart?
    }

    struct MasterPart {
        var name: String
        var elements: Range<Int>
        /// nil: another replica has it.
        var tensor: Tensor?
    }

    struct NodePlace: Hashable {
        var stage: Int
        var local: Int
    }

    /// nil where there is one replica.
    init?(
        _ plan: TrainingPlan, rank: Int, executors: [Int: StageExecutor], port: MessagePort, on backend: any Backend
    ) throws(TensorError) {
        guard plan.addsReplicas else { return nil }
        self.port = port
        self.backend = backend
        let placement = plan.placement
        replica = placement.replica(of: rank)
        let links = placement.replicaLinks(of: rank, in: plan.lowered)
        let ranks = (0..<placement.replicas).map {
            placement.rank(
                atPosition: placement.position(of: rank), replica: $0, shard: placement.shard(of: rank))
        }
        receivers = ranks.map { $0 == rank ? nil : MessagePort.ReplicaPeer(links, from: rank, to: $0) }
        senders = ranks.map { $0 == rank ? nil : MessagePort.ReplicaPeer(links, from: $0, to: rank) }
        addsOnly = plan.sharesOptimizerState
        var blocks: [Block] = []
        var countedBlocks: [Int: [GradientBlock]] = [:]
        for stage in plan.stagesInOrderOfLastPass(of: rank) {
            guard let executor = executors[stage] else { continue }
            let first = executor.stage.nodes.lowerBound
            let own = plan.gradientBlocks(ofStage: stage, executor.model)
            countedBlocks[stage] = own.filter { [replica] in $0.isCounted && $0.owner == replica }
            for node in executor.stage.nodes.reversed() {
                blocks += own.filter { $0.node == node }.map {
                    Block(
                        node: NodePlace(stage: stage, local: node - first), owner: $0.owner,
                        gradient: executor.gradient(of: $0), weights: executor.weights(of: $0),
                        master: executor.compactMaster(of: $0).map {
                            MasterPart(name: $0.name, elements: $0.elements, tensor: $0.part)
                        })
                }
            }
        }
        (self.blocks, self.countedBlocks) = (blocks, countedBlocks)
        owned = ranks.indices.map { replica in blocks.indices.filter { blocks[$0].owner == replica } }
        settled = ranks.map { _ in 0 }
        tickets = blocks.map { _ in nil }
        let largest = blocks.map(\.gradient.spec.count).max() ?? 1
        arrivals = try ranks.map { other throws(TensorError) in
            guard other != rank else { return nil }
            let spec = TensorSpec([largest])
            return Tensor(try backend.allocate(byteCount: spec.byteCount), spec: spec)
        }
    }

    // MARK: A step

    func begin(step: Int) {
        self.step = step
        wholeNodes.removeAll(keepingCapacity: true)
        sent = 0
        for owner in settled.indices { settled[owner] = 0 }
        began.removeAll(keepingCapacity: true)
    }

    /// A node's gradients are whole: of this replica, nothing is added to them any more.
    /// - Parameter local: the stage's node.
    func finished(stage: Int, node local: Int) throws {
        wholeNodes.insert(NodePlace(stage: stage, local: local))
        let end = blocks[sent...].firstIndex { !wholeNodes.contains($0.node) } ?? blocks.count
        try send(upTo: end)
        try advance()
    }

    /// Takes what has come, without waiting for anything.
    func advance() throws {
        while let next = next(replica), areAllPartsThere { try add(next) }
        for owner in owned.indices where owner != replica && !addsOnly {
            while let next = next(owner), let sender = senders[owner], port.hasBlock(.sums, from: sender) {
                try take(next, from: sender)
            }
        }
    }

    /// `R`: all of a stage's gradients are whole.
    func reduce(stage: Int) throws {
        let end = blocks[sent...].firstIndex { $0.node.stage != stage && !wholeNodes.contains($0.node) }
        try send(upTo: end ?? blocks.count)
        try advance()
    }

    /// `G`: waits until all replicas' gradients of a stage are added, and the sums are here; or, where optimizer state is
    /// shared out, until those of the own blocks are.
    func gather(stage: Int, recorder: inout EventRecorder) throws {
        let start = MonotonicClock.now
        while let next = next(replica), blocks[next].node.stage == stage { try add(next) }
        var bytes = 0
        for (index, block) in blocks.enumerated() where block.owner != replica && block.node.stage == stage {
            bytes += block.gradient.byteCount
            guard !addsOnly, next(block.owner) == index, let sender = senders[block.owner] else { continue }
            try take(index, from: sender)
        }
        recorder.waited(.replicaSync, since: start, sent: began[stage] ?? start, bytes: bytes)
    }

    /// Waits until the gradients may be overwritten.
    func settle() throws {
        for ticket in tickets { try ticket?.wait() }
        for ticket in sumTickets { try ticket.wait() }
        sumTickets.removeAll(keepingCapacity: true)
    }

    // MARK: Blocks

    /// An owner's next block, once this replica's part is on its way.
    private func next(_ owner: Int) -> Int? {
        guard settled[owner] < owned[owner].count, owned[owner][settled[owner]] < sent else { return nil }
        return owned[owner][settled[owner]]
    }

    /// Whether every other replica's part of the next own block has come.
    private var areAllPartsThere: Bool { senders.allSatisfy { $0.map { port.hasBlock(.parts, from: $0) } ?? true } }

    private func send(upTo end: Int) throws {
        guard sent < end else { return }
        let now = MonotonicClock.now
        for index in sent..<end {
            let block = blocks[index]
            if began[block.node.stage] == nil { began[block.node.stage] = now }
            guard let receiver = receivers[block.owner] else { continue }
            tickets[index] = try port.send(
                block.gradient, block: index, .parts, step: step, to: receiver, more: index + 1 < end)
        }
        port.endpoint.wakeNetwork()
        sent = end
    }

    /// Adds all replicas' parts of an own block, and sends the sum to the others.
    private func add(_ index: Int) throws {
        let block = blocks[index]
        let count = block.gradient.spec.count
        var parts: [Tensor] = []
        for (replica, sender) in senders.enumerated() {
            guard let sender, let arrival = arrivals[replica]?.slice(start: 0, [count]) else {
                parts.append(block.gradient)
                continue
            }
            try port.receive(arrival, block: index, .parts, step: step, from: sender)
            parts.append(arrival)
        }
        let sum = tree(parts[...])
        if sum.address != block.gradient.address { backend.copy(sum, to: block.gradient) }
        settled[replica] += 1
        guard !addsOnly else { return }
        for receiver in receivers.compactMap({ $0 }) {
            sumTickets.append(
                try port.send(block.gradient, block: index, .sums, step: step, to: receiver, more: false))
        }
    }

    /// The sum of replicas' parts, in place of the first: the largest power of two of them that leaves some, and those.
    private func tree(_ parts: ArraySlice<Tensor>) -> Tensor {
        guard parts.count > 1 else { return parts[parts.startIndex] }
        let half = 1 << (Int.bitWidth - 1 - (parts.count - 1).leadingZeroBitCount)
        let (left, right) = (tree(parts.prefix(half)), tree(parts.dropFirst(half)))
        backend.add(left, right, into: left)
        return left
    }

    private func take(_ index: Int, from sender: MessagePort.ReplicaPeer) throws {
        // The sum comes to where the part lies that it is made of.
        try tickets[index]?.wait()
        try port.receive(blocks[index].gradient, block: index, .sums, step: step, from: sender)
        settled[blocks[index].owner] += 1
    }
}
