import Systems
import Tensors

/// A backend whose numbers a test can read and write.
protocol TestBackend: Backend {
    func read(_ x: Tensor) -> [Double]
    func write(_ values: [Double], to x: Tensor)
}

extension TestBackend {
    /// Makes what nobody may read any more unreadable.
    func poison(_ x: Tensor) {
        guard x.dtype.isFloatingPoint else { return }
        write(Array(repeating: .nan, count: x.count), to: x)
    }

    func make(_ spec: TensorSpec) -> Tensor {
        guard let memory = try? allocate(byteCount: max(spec.byteCount, 64)) else {
            preconditionFailure("no memory for \(spec)")
        }
        let x = Tensor(memory, spec: spec)
        poison(x)
        return x
    }

    func make(_ spec: TensorSpec, _ values: [Double]) -> Tensor {
        let x = make(spec)
        write(values, to: x)
        return x
    }
}

/// Numbers for tests, the same in every run.
struct Numbers: RandomNumberGenerator {
    private var random: SplitMix64

    init(_ seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { random.next() }

    /// f32 numbers, uniform in ±scale.
    mutating func list(_ count: Int, scale: Double = 1) -> [Double] {
        (0..<count).map { _ in Double(Float(Double.random(in: -scale...scale, using: &self))) }
    }

    /// Fit for a tensor of this spec: numbers in ±1, or ids below `vocab`.
    mutating func list(for spec: TensorSpec, vocab: Int) -> [Double] {
        guard !spec.dtype.isFloatingPoint else { return list(spec.count) }
        return (0..<spec.count).map { _ in Double(Int.random(in: 0..<vocab, using: &self)) }
    }
}
