import Layers
import Manifests
import Models
import Planning
import Runs
import Stages
import Systems
import Tensors

/// What one stage computes for each pass: the same in a process, in a thread, and where there is one stage alone.
final class StageWork {
    let plan: GenerationPlan
    let forward: StageForward
    /// By length.
    private var heads: [Int: UnsafeMutableRawBufferPointer] = [:]

    /// Takes the stage's memory and reads its parameters, and no others.
    init(_ plan: GenerationPlan, stage: Int, on backend: any Backend) throws {
        self.plan = plan
        forward = try StageForward(plan.graphs, cuts: plan.cuts, stage: stage, slots: plan.slots, on: backend)
        try forward.loadParameters(plan.source.weights)
    }

    deinit { for head in heads.values { head.deallocate() } }

    /// A command's head where it may lie until it was sent; the end of all passes has length 0.
    func head(of command: StageCommand, length: Int) -> UnsafeRawBufferPointer {
        let bytes = heads[length] ?? .allocate(byteCount: StageCommand.headBytes, alignment: 64)
        heads[length] = bytes
        bytes.copyBytes(from: command.head.bytes)
        return UnsafeRawBufferPointer(bytes)
    }

    /// Puts a pass's ids where the model's input lies, for the stages that look them up.
    func take(_ order: PassOrder) throws {
        guard forward.stage.index == 0, let input = plan.graphs[1]?.input else { return }
        let tensor = try forward.tensor(input, length: order.length)
        order.ids.withUnsafeBytes { forward.backend.upload($0, to: tensor) }
    }

    /// - Returns: logits, on the last stage where the pass asks for them.
    func run(_ order: PassOrder) throws -> [Float]? {
        guard plan.graphs[order.length] != nil, order.slot < plan.slots, order.start + order.length <= plan.capacity
        else { throw RunFailure(.bug, "a pass of \(order.length) ids from \(order.start) on in slot \(order.slot)") }
        let logits = try forward.run(length: order.length, slot: order.slot, start: order.start, row: order.row)
        guard let logits else { return nil }
        var numbers = [Float](repeating: 0, count: logits.count)
        numbers.withUnsafeMutableBytes { forward.backend.download(logits, to: $0) }
        return numbers
    }
}

/// Runs passes, wherever the stages are.
protocol PassPipeline: AnyObject {
    /// Passes of one text run in the order in which they are given.
    func submit(_ order: PassOrder) throws
    /// Waits for the next logits that a pass asked for.
    /// - Precondition: one that asks for them was submitted and not answered yet.
    func next() throws -> (slot: Int, logits: [Float])
    /// Ends the stages. Nothing is submitted afterwards.
    /// - Parameter isDone: whether all is well, so that they leave by themselves.
    func close(isDone: Bool) throws
}

/// A single stage, in the calling thread.
final class LocalPipeline: PassPipeline {
    private let work: StageWork
    private var waiting: [PassOrder] = []

    init(_ plan: GenerationPlan) throws {
        let backend = PipelineManifest.Device.hostBackend(threads: plan.devices[0].threads)
        work = try StageWork(plan, stage: 0, on: backend)
    }

    func submit(_ order: PassOrder) { waiting.append(order) }

    func next() throws -> (slot: Int, logits: [Float]) {
        for (index, order) in waiting.enumerated() {
            try work.take(order)
            guard let logits = try work.run(order) else { continue }
            waiting.removeFirst(index + 1)
            return (order.slot, logits)
        }
        preconditionFailure("no pass asks for logits")
    }

    func close(isDone: Bool) {}
}
