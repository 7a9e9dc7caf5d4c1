import Datasets
import Layers
import Manifests
import Models
import Tensors

/// Times the passes of every layer of a one-stage plan.
final class LayerProfiler {
    private let plan: TrainingPlan
    private let backend: any Backend
    private let executor: StageExecutor

    init(_ plan: TrainingPlan) throws {
        self.plan = plan
        let device = plan.manifest.devices[0]
        backend = try device.pinnedBackend(plan.manifest.simulation)
        executor = StageExecutor(
            model: plan.model, layout: plan.layout, stage: 0, slots: 1, microBatches: 1,
            micro: plan.manifest.batch.micro, seed: plan.manifest.seed, splitsBackward: false, on: backend)
        executor.initialiseParameters(seed: plan.manifest.seed)
    }

    func run(repetitions: Int) throws -> LayerProfile {
        var single = plan.manifest
        single.steps = repetitions + 1
        let plan = try TrainingPlan(single)
        let feed = try DataFeed(TrainingData(plan), plan, executor: executor)
        defer { feed.stop() }
        var times = Array(repeating: [[Double]](), count: plan.model.nodes.count)
        var probes = self.probes
        for round in 0...repetitions {
            try feed.fill(step: round, slot: 0)
            for (node, passes) in executor.timePasses(step: round, slot: 0).enumerated() where round > 0 {
                times[node].append(passes)
            }
            for index in probes.indices { probes[index].run() }
        }
        return LayerProfile(
            device: plan.manifest.devices[0].description, precision: plan.manifest.precision.name,
            peak: Self.peak(probes),
            layers: plan.model.entries.map { line($0, times) })
    }

    private func line(_ entry: Entry, _ times: [[[Double]]]) -> LayerProfile.Line {
        let passes = (0..<3).map { pass in
            entry.nodes.reduce(0) { $0 + Self.median(times[$1].map { $0[pass] }) }
        }
        let plans = plan.model.nodes[entry.nodes].map(\.plan)
        let kept = plans.reduce(0) { $0 + $1.saved.reduce(0) { $0 + $1.byteCount } }
        return LayerProfile.Line(
            index: entry.index, kind: entry.kind, forward: passes[0], backwardInput: passes[1],
            backwardWeight: passes[2], flops: entry.cost.total, parameters: entry.parameterCount, keptBytes: kept,
            outputBytes: entry.outputs.reduce(0) { $0 + $1.byteCount })
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    /// FLOP/s of the fastest product of the sizes that the model's matrices have, nothing else running in between.
    func peak(runs: Int = 12) -> Double {
        var probes = self.probes
        for _ in 0..<runs {
            for index in probes.indices { probes[index].run() }
        }
        return Self.peak(probes)
    }

    private static func peak(_ probes: [GEMMProbe]) -> Double { probes.map(\.rate).max() ?? 1 }

    private var probes: [GEMMProbe] {
        let matrices = plan.model.parameters.map(\.shape).filter { $0.rank == 2 }
        let rows = plan.manifest.batch.micro * (plan.manifest.data.sequence ?? 1)
        let largest = Set(matrices.map { [$0[0], $0[1]] }).sorted { $0[0] * $0[1] > $1[0] * $1[1] }.prefix(4)
        return largest.map { GEMMProbe(backend, m: rows, n: $0[0], k: $0[1], dtype: plan.model.dtype) }
    }
}

/// Measures one matrix product.
struct GEMMProbe {
    private let backend: any Backend
    private let shape: MatMul
    private let a: Tensor
    private let b: Tensor
    private let c: Tensor
    private var seconds: [Double] = []

    init(_ backend: any Backend, m: Int, n: Int, k: Int, dtype: DType = .f32) {
        self.backend = backend
        shape = MatMul(m: m, n: n, k: k, transposeB: true)
        let specs = [TensorSpec([m, k], dtype), TensorSpec([n, k], dtype), TensorSpec([m, n], dtype)]
        let tensors = specs.map { Tensor(backend.allocate(byteCount: $0.byteCount), spec: $0) }
        (a, b, c) = (tensors[0], tensors[1], tensors[2])
        for (index, tensor) in tensors.enumerated() {
            let wide = TensorSpec(tensor.shape)
            let source = Tensor(backend.allocate(byteCount: wide.byteCount), spec: wide)
            backend.fill(source, .normal(mean: 0, deviation: 1), key: RandomKey(seed: 0, layer: UInt32(index)))
            backend.cast(source, into: tensor)
        }
    }

    mutating func run() {
        let start = Clock.nanoseconds
        backend.matmul(a, b, into: c, shape, epilogue: .none)
        backend.synchronise()
        seconds.append(Double(Clock.nanoseconds - start) / 1e9)
    }

    /// FLOP/s in the median of the runs so far.
    var rate: Double {
        guard !seconds.isEmpty else { return 0 }
        let median = seconds.sorted()[seconds.count / 2]
        return 2 * Double(shape.m) * Double(shape.n) * Double(shape.k) / max(median, 1e-9)
    }
}
