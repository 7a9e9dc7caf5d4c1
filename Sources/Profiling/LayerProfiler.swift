import Datasets
import Layers
import Manifests
import Models
import Optimizers
import Planning
import Stages
import Systems
import Tensors
import Workers

/// What one device measured.
struct DeviceTimes: Codable, Hashable {
    /// By layer: seconds of forward, input gradient, weight gradient; then of the two halves where they run apart.
    var layers: [[Double]]
    var loss: Double
    /// Of the whole model's update, with the norm of its gradients.
    var update: Double
    /// FLOP/s of the fastest product of the model's shapes.
    var peak: Double
    /// How much longer than the fastest of the middle half of the rounds its slowest took: 0.02 where that is 2 %.
    var spread: Double
}

/// Times the passes of every layer of a one-stage plan, as often as asked.
final class LayerProfiler {
    private let plan: TrainingPlan
    private let backend: any Backend

    /// The calling thread is to compute: it is put on the device's cores.
    init(_ plan: TrainingPlan) throws {
        self.plan = plan
        backend = try plan.manifest.devices[0].pinnedBackend(plan.manifest)
    }

    /// Rounds of a small model are repeated for so long at least.
    private static let leastNanoseconds: UInt64 = 500_000_000

    /// Both ways to run the backward halves are measured in turn, so that what disturbs the machine disturbs both.
    func run(repetitions: Int) throws -> DeviceTimes {
        let executor = try executor()
        var parameters = try StageParameters(executor, optimizer: plan.optimizer)
        var together: [PassSample] = []
        var apart: [PassSample] = []
        var updates: [Double] = []
        var probes = try self.probes()
        let start = MonotonicClock.now
        var round = 0
        while round <= repetitions || MonotonicClock.now - start < Self.leastNanoseconds {
            defer { round += 1 }
            let samples = [false, true].map { executor.timePasses(step: round, slot: 0, apart: $0) }
            let update = time(update: &parameters, executor)
            for index in probes.indices { probes[index].run() }
            guard round > 0 else { continue }
            together.append(samples[0])
            apart.append(samples[1])
            updates.append(update)
        }
        let layers = plan.model.entries.map { entry in
            (0..<3).map { Self.seconds(of: entry, pass: $0, together) }
                + (1..<3).map { Self.seconds(of: entry, pass: $0, apart) }
        }
        return DeviceTimes(
            layers: layers, loss: Self.middle(together.map(\.loss)), update: Self.middle(updates),
            peak: Self.peak(probes), spread: Self.spread(zip(together, apart).map { $0.total + $1.total }))
    }

    private static func spread(_ rounds: [Double]) -> Double {
        let half = middleHalf(rounds)
        guard let fastest = half.first, let slowest = half.last, fastest > 0 else { return 0 }
        return slowest / fastest - 1
    }

    private static func seconds(of entry: Entry, pass: Int, _ samples: [PassSample]) -> Double {
        middle(samples.map { sample in entry.nodes.reduce(0) { $0 + sample.nodes[$1][pass] } })
    }

    private func time(update parameters: inout StageParameters, _ executor: StageExecutor) -> Double {
        let start = MonotonicClock.now
        _ = executor.gradientSquares()
        parameters.update(learningRate: plan.optimizer.learningRate, gradientScale: 1)
        executor.memory.zeroGradients(on: backend)
        backend.synchronise()
        return Double(MonotonicClock.now - start) / 1e9
    }

    /// The model on this device, with a micro-batch in its only slot.
    private func executor() throws -> StageExecutor {
        let executor = try StageExecutor(
            model: plan.model, layout: plan.layout, stage: 0, slots: 1, microBatches: 1,
            micro: plan.manifest.batch.micro, seed: plan.manifest.seed, splitsBackward: true, on: backend)
        try executor.initialiseParameters(seed: plan.manifest.seed)
        let feed = try DataFeed(TrainingData(plan, isLongest: true), plan, [plan.model], executor: executor)
        defer { feed.stop() }
        try feed.fill(slot: 0)
        return executor
    }

    /// The mean of the middle half.
    static func middle(_ values: [Double]) -> Double {
        let kept = middleHalf(values)
        return kept.isEmpty ? 0 : kept.reduce(0, +) / Double(kept.count)
    }

    /// In order.
    private static func middleHalf(_ values: [Double]) -> ArraySlice<Double> {
        values.sorted()[(values.count / 4)..<(values.count - values.count / 4)]
    }

    /// FLOP/s of the fastest product of the sizes that the model's matrices have, nothing else running in between.
    func peak(runs: Int = 12) throws(TensorError) -> Double {
        var probes = try self.probes()
        for _ in 0..<runs {
            for index in probes.indices { probes[index].run() }
        }
        return Self.peak(probes)
    }

    private static func peak(_ probes: [GEMMProbe]) -> Double { probes.map(\.rate).max() ?? 1 }

    private func probes() throws(TensorError) -> [GEMMProbe] {
        let matrices = plan.model.parameters.map(\.shape).filter { $0.rank == 2 }
        let rows = plan.manifest.batch.micro * (plan.manifest.data.sequence ?? 1)
        let largest = Set(matrices.map { [$0[0], $0[1]] }).sorted { $0[0] * $0[1] > $1[0] * $1[1] }.prefix(4)
        return try largest.map { (sizes) throws(TensorError) in
            try GEMMProbe(backend, MatMul(m: rows, n: sizes[0], k: sizes[1], transposeB: true), dtype: plan.model.dtype)
        }
    }

    /// Keeps the device as busy as a measurement does for as long as `isWanted` says.
    func stayBusy(while isWanted: () throws -> Bool) throws {
        let executor = try executor()
        while try isWanted() { _ = executor.timePasses(step: 0, slot: 0) }
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

    init(_ backend: any Backend, _ shape: MatMul, dtype: DType = .f32) throws(TensorError) {
        self.backend = backend
        self.shape = shape
        let (m, n, k) = (shape.m, shape.n, shape.k)
        let specs = [
            TensorSpec(shape.transposeA ? [k, m] : [m, k], dtype),
            TensorSpec(shape.transposeB ? [n, k] : [k, n], dtype),
            TensorSpec([m, n], dtype),
        ]
        let tensors = try specs.map { (spec) throws(TensorError) in
            Tensor(try backend.allocate(byteCount: spec.byteCount), spec: spec)
        }
        (a, b, c) = (tensors[0], tensors[1], tensors[2])
        for (index, tensor) in tensors.enumerated() {
            let wide = TensorSpec(tensor.shape)
            let source = Tensor(try backend.allocate(byteCount: wide.byteCount), spec: wide)
            backend.fill(source, .normal(mean: 0, deviation: 1), key: RandomKey(seed: 0, layer: UInt32(index)))
            backend.cast(source, into: tensor)
        }
    }

    mutating func run() {
        let start = MonotonicClock.now
        backend.matmul(a, b, into: c, shape, epilogue: .none)
        backend.synchronise()
        seconds.append(Double(MonotonicClock.now - start) / 1e9)
    }

    /// FLOP/s in the median of the runs so far.
    var rate: Double {
        guard !seconds.isEmpty else { return 0 }
        let median = seconds.sorted()[seconds.count / 2]
        return 2 * Double(shape.m) * Double(shape.n) * Double(shape.k) / max(median, 1e-9)
    }
}
