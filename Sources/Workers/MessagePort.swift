import Checkpoints
import Manifests
import Models
package import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
package import Transport

/// What the compute thread sends and receives: tensors of messages, and words with the coordinator.
///
/// It knows which header each end expects, and when a buffer that was sent may be written again.
package final class MessagePort {
    private let plan: TrainingPlan
    let endpoint: WorkerEndpoint
    let backend: any Backend
    private let faults: SimulatedFaults
    let staging: Staging
    /// nil where messages take as long as they take.
    let network: SimulatedNetwork?
    /// nil where tensors pass as they are.
    private let compressor: MessageCompressor?
    /// By the schedule's link: the run's, where it begins or ends here.
    private let links: [Placement.WorkerLink?]
    /// Messages whose buffers a slot's next pass would overwrite.
    private var unsent: [BufferKey: [Unsent]] = [:]

    /// Told ahead, and not asked for yet.
    var words: [BoundaryWord] = []

    private struct BufferKey: Hashable {
        var stage: Int
        var direction: Message.Direction
        var slot: Int
    }

    private struct Unsent {
        var ticket: SendTicket
        var peer: Int
    }

    init(_ plan: TrainingPlan, rank: Int, endpoint: WorkerEndpoint, on backend: any Backend) {
        self.plan = plan
        var links = [Placement.WorkerLink?](repeating: nil, count: plan.lowered.links.count)
        for link in plan.placement.links(of: rank, in: plan.lowered) { links[link.link] = link }
        self.links = links
        self.endpoint = endpoint
        self.backend = backend
        staging = Staging(backend)
        faults = SimulatedFaults(plan.manifest)
        network = SimulatedNetwork(plan.manifest)
        compressor = MessageCompressor(plan)
    }

    /// The links of one rank, as its endpoint declares them.
    package static func links(of rank: Int, _ plan: TrainingPlan) -> [LinkDeclaration] {
        plan.placement.links(of: rank, in: plan.lowered).map { link in
            let messages = plan.program(of: link.from).sends.filter { $0.link == link.link }
            let specs = Set(messages.map { [$0.edge, Int($0.direction.rawValue)] }).map {
                plan.tensors(ofEdge: $0[0], $0[1] == 0 ? .forward : .backward)
            }
            let frames = specs.map(\.count).max() ?? 1
            let tied = plan.tiedPayload(on: plan.lowered.links[link.link])
            let state = plan.movesStates ? TrainingPlan.statePiece : 0
            let largest = max(specs.flatMap { $0 }.map(\.byteCount).max() ?? 0, tied, state)
            return LinkDeclaration(
                id: link.id, from: link.from, to: link.to,
                depth: max(plan.queueDepth * max(frames, 1), plan.tiedMessages), maxPayload: largest)
        } + replicaLinks(of: rank, plan) + shardLinks(of: rank, plan)
    }

    // MARK: Tensors

    /// Hands a tensor to its link. What that takes is the checksum, mostly.
    ///
    /// - Parameter more: whether another tensor is sent right after this one.
    func send(
        _ tensor: Tensor, _ message: Message, index: Int, step: Int, of instruction: Instruction, slot: Int, more: Bool,
        recorder: inout EventRecorder
    ) throws {
        let start = MonotonicClock.now
        var bytes = staging.bytes(of: tensor)
        if let compressor, let form = compressor.form(message, tensor.spec) {
            bytes = compressor.compress(
                bytes, tensor.spec, form, at: .init(edge: message.edge, direction: message.direction, index: index),
                slot: slot, microBatch: message.microBatch, step: step)
        }
        try send(
            bytes, tensor.spec, message, index: index, step: step, of: instruction, slot: slot, more: more,
            since: start, recorder: &recorder)
    }

    /// The same for what lies in host memory.
    /// - Parameter start: when the work of sending it began.
    func send(
        _ bytes: UnsafeRawBufferPointer, _ spec: TensorSpec, _ message: Message, index: Int, step: Int,
        of instruction: Instruction, slot: Int, more: Bool, since start: UInt64 = MonotonicClock.now,
        recorder: inout EventRecorder
    ) throws {
        let link = link(of: message)
        let ticket = try endpoint.send(
            link: link.id, header: header(spec, message, index: index, step: step), payload: bytes, more: more)
        let peer = link.to
        let key = BufferKey(stage: instruction.stage, direction: message.direction, slot: slot)
        unsent[key, default: []].append(Unsent(ticket: ticket, peer: peer))
        recorder.waited(.handOver, instruction, peer: peer, since: start)
    }

    /// Waits for a tensor of a message, whose shape may be any of these tensors'.
    /// - Parameter choices: the tensor to fill, for each length of micro-batches; the longest is the last.
    /// - Returns: which of the tensors was filled.
    func receive(
        _ choices: [Tensor], _ message: Message, index: Int, step: Int, for instruction: Instruction,
        recorder: inout EventRecorder
    ) throws -> Int {
        let start = MonotonicClock.now
        let link = link(of: message)
        let wasThere = endpoint.hasMessage(link: link.id)
        if !wasThere { status(step: step, instruction) }
        var choice = choices.count - 1
        func expected(_ choice: Int) -> FrameHeader {
            self.header(choices[choice].spec, message, index: index, step: step)
        }
        func shape(_ header: FrameHeader) -> FrameHeader? {
            guard choices.count > 1 else { return nil }
            choice =
                choices.firstIndex { plan.payload(ofEdge: message.edge, $0.spec) == header.payloadLength } ?? choice
            return expected(choice)
        }
        let header = try endpoint.receive(link: link.id, expecting: expected(choice), shape: shape) { bytes in
            let tensor = choices[choice]
            guard let compressor, let form = compressor.form(message, tensor.spec) else {
                return backend.upload(bytes, to: tensor)
            }
            backend.upload(compressor.expand(bytes, tensor.spec, form), to: tensor)
        }
        let hasWaited = network?.await(link: link.id, header) ?? false
        let isLate = faults.delay(from: link.from, to: link.to, sentAt: header.sentAt) || hasWaited
        recorder.waited(
            wasThere && !isLate ? .takeOver : .receiveWait, instruction, peer: link.from, since: start,
            sent: header.sentAt, bytes: header.payloadLength)
        return choice
    }

    /// Waits for a tensor of a message that goes into host memory.
    func receive(
        _ bytes: UnsafeMutableRawBufferPointer, _ spec: TensorSpec, _ message: Message, index: Int, step: Int,
        for instruction: Instruction, recorder: inout EventRecorder
    ) throws {
        let start = MonotonicClock.now
        let link = link(of: message)
        let expected = header(spec, message, index: index, step: step)
        if !endpoint.hasMessage(link: link.id) { status(step: step, instruction) }
        let header = try endpoint.receive(link: link.id, expecting: expected) { bytes.copyMemory(from: $0) }
        recorder.waited(
            .takeOver, instruction, peer: link.from, since: start, sent: header.sentAt, bytes: header.payloadLength)
    }

    /// Takes a message from its link and leaves it: its sender sends it once more.
    /// - Parameter tensors: so many come with it.
    func passOver(_ message: Message, tensors: Int, step: Int) throws {
        let link = link(of: message)
        for index in 0..<tensors {
            var expected = FrameHeader(
                plan.frameKind(message), step: step, microBatch: message.microBatch, edge: message.edge, tensor: index)
            try endpoint.receive(link: link.id, expecting: expected) { header in
                // Of any length.
                (expected.dtype, expected.payloadLength) = (header.dtype, header.payloadLength)
                expected.shape = header.shape
                return expected
            } _: { _ in
            }
        }
    }

    /// Waits until what `instruction` is about to overwrite in its slot has left.
    func waitUntilSent(
        before instruction: Instruction, slot: Int, step: Int, recorder: inout EventRecorder
    ) throws {
        let isForward = instruction.pass == .forward
        try waitUntilSent(
            isForward ? .forward : .backward, before: instruction, slot: slot, step: step, recorder: &recorder)
        // A micro-batch of another length lies otherwise: where the last one's gradients were, too.
        guard isForward, plan.ladder != nil else { return }
        try waitUntilSent(.backward, before: instruction, slot: slot, step: step, recorder: &recorder)
    }

    private func waitUntilSent(
        _ direction: Message.Direction, before instruction: Instruction, slot: Int, step: Int,
        recorder: inout EventRecorder
    ) throws {
        let key = BufferKey(stage: instruction.stage, direction: direction, slot: slot)
        guard let waiting = unsent[key], !waiting.isEmpty else { return }
        for message in waiting where !message.ticket.isFree {
            let start = MonotonicClock.now
            status(step: step, instruction)
            let kind: EventKind = message.ticket.lacksCredit ? .sendWait : .handOver
            try message.ticket.wait()
            recorder.waited(kind, instruction, peer: message.peer, since: start)
        }
        unsent[key]?.removeAll(keepingCapacity: true)
    }

    /// Any link to a rank; what is no message of the schedule takes the first.
    func link(to peer: Int) -> Placement.WorkerLink? { links.lazy.compactMap { $0 }.first { $0.to == peer } }

    /// The same from a rank.
    func link(from peer: Int) -> Placement.WorkerLink? { links.lazy.compactMap { $0 }.first { $0.from == peer } }

    private func link(of message: Message) -> Placement.WorkerLink {
        guard let link = links[message.link] else { preconditionFailure("\(message) passes this rank by") }
        return link
    }

    private func header(_ spec: TensorSpec, _ message: Message, index: Int, step: Int) -> FrameHeader {
        let dtype: UInt8
        switch compressor?.form(message, spec) {
        case .bf16: dtype = DType.bf16.rawValue
        case .int8: dtype = FrameHeader.compressedRows
        case .none: dtype = spec.dtype.rawValue
        }
        return FrameHeader(
            plan.frameKind(message), step: step, microBatch: message.microBatch, edge: message.edge, tensor: index,
            dtype: dtype, shape: spec.shape.extents, payloadLength: plan.payload(ofEdge: message.edge, spec))
    }

    // MARK: Ties

    /// Hands a piece of a tied parameter's gradient to the link to `peer`.
    ///
    /// - Parameter part: its number among the parts of the tie.
    /// - Returns: what to wait for before the tensor may be written again.
    func send(
        _ tensor: Tensor, tie: Int, part: Int, step: Int, to peer: Int, recorder: inout EventRecorder
    ) throws -> SendTicket {
        let start = MonotonicClock.now
        guard let link = link(to: peer) else {
            preconditionFailure("no link to rank \(peer) for tie \(tie)")
        }
        let ticket = try endpoint.send(
            link: link.id, header: header(tensor.spec, tie: tie, part: part, step: step),
            payload: staging.bytes(of: tensor), more: false)
        recorder.waited(.handOver, peer: peer, since: start)
        return ticket
    }

    /// Waits for a piece of a tied parameter's gradient from `peer`.
    func receive(
        _ tensor: Tensor, tie: Int, part: Int, step: Int, from peer: Int, recorder: inout EventRecorder
    ) throws {
        let start = MonotonicClock.now
        guard let link = link(from: peer) else {
            preconditionFailure("no link from rank \(peer) for tie \(tie)")
        }
        let expected = header(tensor.spec, tie: tie, part: part, step: step)
        let header = try endpoint.receive(link: link.id, expecting: expected) { backend.upload($0, to: tensor) }
        recorder.waited(.gradientSync, peer: peer, since: start, sent: header.sentAt, bytes: tensor.byteCount)
    }

    private func header(_ spec: TensorSpec, tie: Int, part: Int, step: Int) -> FrameHeader {
        FrameHeader(
            .tie, step: step, edge: tie, tensor: part, dtype: spec.dtype.rawValue, shape: spec.shape.extents,
            payloadLength: spec.byteCount)
    }
}
