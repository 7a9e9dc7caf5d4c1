import CPUDevices
import Glibc
import Manifests
import Planning
import Systems
import Tensors

/// Has the libraries race on one device, for all products in turn: one finds the caches as the others left them, as in a run.
struct ProductRacer {
    private let contests: [ProductContest]
    /// By contest: who takes part; nil stands for the processor's rules, and comes first.
    private let candidates: [[Library?]]
    private let backends: [Library?: any Backend]
    private let memory: Operands
    private typealias Library = ProductTable.Library

    private static let fewestRounds = 5
    private static let mostRounds = 41
    /// All rounds together take about as long, where they are not the fewest.
    private static let seconds = 40.0
    /// Small products are repeated for so long within a round.
    private static let sample = 0.5e-3

    /// The calling thread is to compute: it is put on the device's cores.
    init(_ manifest: PipelineManifest, _ contests: [ProductContest]) throws(TensorError) {
        self.contests = contests
        let device = manifest.devices[0]
        let usual = try device.pinnedBackend(manifest.simulation)
        candidates = contests.map { contest in
            let others = (usual as? CPUBackend)?.otherLibraries(for: contest.key, hasBias: contest.hasBias) ?? []
            return [nil] + others.map { $0 }
        }
        var backends: [Library?: any Backend] = [nil: usual]
        for library in Library.allCases {
            let table = ProductTable(contests.map { ProductTable.Row($0.key, library) })
            backends[library] = try device.pinnedBackend(manifest.simulation, products: table)
        }
        self.backends = backends
        memory = try Operands(contests, on: usual)
    }

    /// - Returns: by contest.
    func run() -> [ProductLaps] {
        var seconds = candidates.map { $0.map { _ in [Double]() } }
        // The first round warms up, and says how often each product is repeated.
        let start = MonotonicClock.now
        let first = contests.indices.map { contest in
            candidates[contest].map { time(contests[contest], $0, repetitions: 1) }
        }
        let round = Double(MonotonicClock.now - start) / 1e9
        let repetitions = first.map { max(1, Int(Self.sample / max($0.min() ?? 1, 1e-7))) }
        let rounds = min(Self.mostRounds, max(Self.fewestRounds, Int(Self.seconds / max(round, 1e-3))))
        // In another order each time: what ran before may have left an operand in a cache.
        var random = SplitMix64(seed: 0)
        for _ in 0..<rounds {
            for (index, contest) in contests.enumerated() {
                for candidate in candidates[index].indices.shuffled(using: &random) {
                    seconds[index][candidate].append(
                        time(contest, candidates[index][candidate], repetitions: repetitions[index]))
                }
            }
            exitIfAbandoned()
        }
        return zip(candidates, seconds).map { candidates, times in
            let others = zip(candidates, times).compactMap { library, seconds in
                library.map { ProductLaps.Other($0, seconds) }
            }
            return ProductLaps(usual: times[0], others: others)
        }
    }

    /// Seconds of one product.
    private func time(_ contest: ProductContest, _ library: Library?, repetitions: Int) -> Double {
        guard let backend = backends[library] else { preconditionFailure("no backend for \(contest.key)") }
        let at = memory.tensors(of: contest)
        if contest.key.shape.accumulate { backend.zero(at.c) }
        let start = MonotonicClock.now
        for _ in 0..<repetitions {
            backend.matmul(at.a, at.b, into: at.c, contest.key.shape, epilogue: at.bias.map { .bias($0) } ?? .none)
        }
        backend.synchronise()
        return Double(MonotonicClock.now - start) / 1e9 / Double(repetitions)
    }

    /// Standard input ends when the command that started this process does.
    private func exitIfAbandoned() {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        if poll(&input, 1, 0) > 0, Int32(input.revents) & POLLHUP != 0 { exit(ExitCode.interrupted.rawValue) }
    }
}

extension ProductRacer {
    /// Memory for the largest operands of all contests.
    private struct Operands {
        private let a: DeviceMemory
        private let b: DeviceMemory
        private let c: DeviceMemory
        private let bias: DeviceMemory

        init(_ contests: [ProductContest], on backend: any Backend) throws(TensorError) {
            func largest(_ count: (ProductTable.Key) -> Int) -> Int { contests.map { count($0.key) }.max() ?? 1 }
            let dtype = contests.first?.key.dtype ?? .f32
            func filled(_ count: Int, _ layer: UInt32, _ dtype: DType) throws(TensorError) -> DeviceMemory {
                let (spec, wide) = (TensorSpec([count], dtype), TensorSpec([count]))
                let memory = try backend.allocate(byteCount: spec.byteCount)
                let source = Tensor(try backend.allocate(byteCount: wide.byteCount), spec: wide)
                backend.fill(source, .normal(mean: 0, deviation: 1), key: RandomKey(seed: 0, layer: layer))
                backend.cast(source, into: Tensor(memory, spec: spec))
                return memory
            }
            a = try filled(largest { $0.m * $0.k }, 0, dtype)
            b = try filled(largest { $0.k * $0.n }, 1, dtype)
            c = try filled(largest { $0.m * $0.n }, 2, .f32)
            bias = try filled(largest(\.n), 3, .f32)
        }

        /// A weight gradient is f32, as all gradients of parameters are.
        func tensors(of contest: ProductContest) -> (a: Tensor, b: Tensor, c: Tensor, bias: Tensor?) {
            let key = contest.key
            let result = key.transposeA ? DType.f32 : key.dtype
            return (
                Tensor(a, spec: TensorSpec(key.transposeA ? [key.k, key.m] : [key.m, key.k], key.dtype)),
                Tensor(b, spec: TensorSpec(key.transposeB ? [key.n, key.k] : [key.k, key.n], key.dtype)),
                Tensor(c, spec: TensorSpec([key.m, key.n], result)),
                contest.hasBias ? Tensor(bias, spec: TensorSpec([key.n])) : nil
            )
        }
    }
}
