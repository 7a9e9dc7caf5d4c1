import Manifests
import Models
import Runs
import Stages
import Systems
import Tensors
import Transport
import Workers

/// One stage of several, from its memory to its goodbye: reads what each pass is, receives what crosses, computes, sends
/// on. The calling thread computes.
struct StageWorker {
    let plan: GenerationPlan
    let rank: Int
    /// Started; it is closed when `run` returns.
    let endpoint: WorkerEndpoint

    static func configuration(
        _ plan: GenerationPlan, rank: Int, coordinator: String, digest: RunDigest
    ) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            rank: rank, coordinator: coordinator, digest: digest, links: plan.links(of: rank))
        let others = plan.devices.indices.filter { $0 != rank }.map { plan.devices[$0].cores }
        let isAlone = others.allSatisfy { !$0.overlaps(plan.devices[rank].cores) }
        configuration.spinTime = isAlone ? .microseconds(500) : .zero
        return configuration
    }

    /// - Parameter backend: makes the device's, on the calling thread.
    /// - Throws: who drives the pipeline has been told.
    func run(on backend: () throws -> any Backend) throws(RunFailure) {
        var work: StageWork?
        // What was sent is read where it lies until the endpoint is closed: the memory outlives that.
        defer { withExtendedLifetime(work) {} }
        try endpoint.serve {
            let made = try StageWork(plan, stage: rank, on: try backend())
            work = made
            try endpoint.awaitGo()
            var passes = StagePasses(made, rank: rank, endpoint: endpoint)
            while try passes.runNext() {}
        }
    }
}

/// The passes of one stage over its links.
private struct StagePasses {
    private let work: StageWork
    private let plan: GenerationPlan
    private let rank: Int
    private let endpoint: WorkerEndpoint
    private let isLast: Bool
    /// Passes so far: both ends of a link count alike.
    private var count = 0
    /// By length: what the next pass of that length would overwrite.
    private var unsent: [Int: [SendTicket]] = [:]

    init(_ work: StageWork, rank: Int, endpoint: WorkerEndpoint) {
        (self.work, plan, self.rank, self.endpoint) = (work, work.plan, rank, endpoint)
        isLast = rank == work.plan.devices.count - 1
    }

    /// - Returns: whether another pass may follow.
    mutating func runNext() throws -> Bool {
        let command = try nextCommand()
        defer { count += 1 }
        guard case .pass(let order) = command else {
            try handOn(command, length: 0)
            return false
        }
        endpoint.updateStatus { $0.progress &+= 1 }
        for ticket in unsent.removeValue(forKey: order.length) ?? [] { try ticket.wait() }
        try work.take(order)
        try receive(order)
        let logits = try work.run(order)
        try handOn(command, length: order.length)
        try send(order)
        if let logits { endpoint.sendApplication(LogitsMessage.encode(slot: order.slot, logits)) }
        return true
    }

    private func nextCommand() throws -> StageCommand {
        guard rank > 0 else {
            guard let bytes = try endpoint.receiveApplication() else {
                throw RunFailure(.interrupted, "the command that generates fell silent")
            }
            return try bytes.withUnsafeBytes { try StageCommand($0, hasIDs: true) }
        }
        var result: Result<StageCommand, RunFailure>?
        try endpoint.receive(link: plan.commandLink(from: rank - 1), expecting: commandHeader) { bytes in
            do throws(RunFailure) { result = .success(try StageCommand(bytes, hasIDs: false)) } catch {
                result = .failure(error)
            }
        }
        guard let result else { throw RunFailure(.bug, "a message without bytes") }
        return try result.get()
    }

    private var commandHeader: FrameHeader {
        FrameHeader(
            .activation, step: count, edge: plan.layout.crossings.count, dtype: DType.i32.rawValue,
            shape: [StageCommand.headCount], payloadLength: StageCommand.headBytes)
    }

    /// To the next stage.
    private mutating func handOn(_ command: StageCommand, length: Int) throws {
        guard !isLast else { return }
        let ticket = try endpoint.send(
            link: plan.commandLink(from: rank), header: commandHeader,
            payload: work.head(of: command, length: length), more: length > 0)
        unsent[length, default: []].append(ticket)
    }

    private func receive(_ order: PassOrder) throws {
        for index in work.forward.stage.imports {
            for (place, value) in plan.layout.crossings[index].values.enumerated() {
                let tensor = try work.forward.tensor(value, length: order.length)
                let header = header(tensor.spec, order, edge: index, tensor: place)
                try endpoint.receive(link: index, expecting: header) { work.forward.backend.upload($0, to: tensor) }
            }
        }
    }

    private mutating func send(_ order: PassOrder) throws {
        let exports = work.forward.stage.exports
        for index in exports {
            let values = plan.layout.crossings[index].values
            for (place, value) in values.enumerated() {
                let tensor = try work.forward.tensor(value, length: order.length)
                guard let view = work.forward.backend.hostView(tensor) else {
                    throw RunFailure(.bug, "generation runs on devices whose memory is the host's")
                }
                let ticket = try endpoint.send(
                    link: index, header: header(tensor.spec, order, edge: index, tensor: place),
                    payload: UnsafeRawBufferPointer(view),
                    more: index != exports.last || place + 1 < values.count)
                unsent[order.length, default: []].append(ticket)
            }
        }
    }

    private func header(_ spec: TensorSpec, _ order: PassOrder, edge: Int, tensor: Int) -> FrameHeader {
        FrameHeader(
            .activation, step: count, microBatch: order.slot, edge: edge, tensor: tensor, dtype: spec.dtype.rawValue,
            shape: spec.shape.extents, payloadLength: spec.byteCount)
    }
}
