import CAllocations
import CPUDevices
import Families
import Manifests
import Models
import Planning
import Stages
import Tensors
import TestPlans
import Testing

/// Once warm, a step takes no memory: all it needs was planned and taken before the first.
@Suite struct SteadyStateTests {
    /// A thread's first use of a primitive, a lazily made table and the like belong to the first steps.
    private static let warmUp = 2

    @Test(arguments: ["f32", "bf16", "f16"], ["recompute: none", "recompute: stage", "lora: {rank: 3, dropout: 0.1}"])
    func `a warm step's passes and update allocate nothing`(_ precision: String, _ more: String) throws {
        let plan = try Plans.make(
            model: Self.model, devices: "[cpu:0]", more: "precision: \(precision)\n\(more)",
            set: ["data.sequence=70"])
        try expectNoAllocations(plan, plan.model, nil)
    }

    @Test(arguments: ["f32", "bf16"], ["recompute: stage", "lora: {rank: 3, dropout: 0.1}"])
    func `nor do those of one of two devices that share the layers`(_ precision: String, _ more: String) throws {
        let plan = try Plans.make(
            model: Self.model, devices: "[cpu:0]", more: "precision: \(precision)\n\(more)",
            set: ["data.sequence=70"])
        let group = SilentShard()
        let model = try ModelGraph(
            plan.manifest.model, input: plan.model.values[plan.model.input].spec, dtype: plan.model.dtype,
            adaptation: plan.adapted?.adaptation ?? .none, shard: group.shard)
        try expectNoAllocations(plan, model, group)
    }

    /// A shard whose sums are its own parts: what others add takes no memory of this one's.
    private final class SilentShard: TensorGroup {
        let shard = TensorShard(index: 1, count: 2)
        func sum(_ x: Tensor) {}
    }

    private func expectNoAllocations(
        _ plan: TrainingPlan, _ model: ModelGraph, _ group: (any TensorGroup)?
    ) throws {
        let backend = CPUBackend(device: "cpu:0", threads: 1)
        let executor = try StageExecutor(
            model: model, layout: plan.layout, stage: 0, slots: 1,
            microBatches: plan.manifest.batch.microBatches, micro: plan.manifest.batch.micro, seed: 1,
            splitsBackward: false, recomputation: plan.recomputation, group: group, on: backend)
        try executor.initialiseParameters(seed: 1)
        var parameters = try StageParameters(executor, optimizer: plan.optimizer)
        fill(executor)
        func step(_ index: Int) {
            for microBatch in 0..<plan.manifest.batch.microBatches {
                executor.forward(step: index, microBatch: microBatch, slot: 0)
                executor.backward(slot: 0)
            }
            parameters.update(learningRate: 1e-3, gradientScale: 1)
            executor.memory.zeroGradients(on: backend)
        }
        for index in 0..<Self.warmUp { step(index) }
        ca_begin()
        step(Self.warmUp)
        let counted = ca_end()
        #expect(counted.allocations == 0, "\(counted.bytes) bytes")
        #expect(executor.lossSum()?.isFinite == true)
    }

    @Test func `the counter counts`() {
        ca_begin()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 1000, alignment: 64)
        let counted = ca_end()
        memory.deallocate()
        #expect(counted.allocations == 1)
        #expect(counted.bytes >= 1000)
    }

    private static let model = """
        {layers: [{stash: ids}, {prefix-positions: {start: 3, marks: [4, 5]}}, {stash: positions}, {pop: ids}, {select: 1},
        {embedding: {vocab: 50, width: 32, positions: 70}},
        {repeat: 2, layers: [{transformer: {width: 32, heads: 2, dropout: 0.1}}]},
        {residual: [{attention: {width: 32, heads: 4, key_heads: 2, rotary: {}, head_norm: {}, window: 20}}]},
        {pop: positions}, {attention: {width: 32, heads: 2, rotary: {planes: 2}}}, {layer-norm: {width: 32}},
        {linear: {in: 32, out: 50, bias: false}}], loss: cross-entropy}
        """

    private func fill(_ executor: StageExecutor) {
        var numbers = Numbers(state: 3)
        guard let input = executor.program.values[executor.model.input], let message = executor.targets.first else {
            return
        }
        numbers.fill(executor.tensor(input, 0), below: 50, on: executor.backend)
        numbers.fill(message.targets, below: 50, on: executor.backend)
        var count = Int64(4 * executor.model.targets.count)
        withUnsafeBytes(of: &count) { executor.backend.upload($0, to: message.normaliser) }
    }
}
