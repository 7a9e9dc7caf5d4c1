/// What one pass of one layer costs.
public struct Work: Hashable, Sendable {
    /// Multiply and add count as two.
    public var flops: Double
    /// How many layer-times the pass takes where every layer's forward takes one: 1 forward, 1 each backward half.
    public var units: Double

    /// One layer's pass; 1 unit unless given.
    public init(flops: Double, units: Double = 1) {
        self.flops = flops
        self.units = units
    }
}

/// The sizes of c[m × n] = op(a)[m × k] · op(b)[k × n].
public struct MatMul: Hashable, Sendable {
    /// Rows of c.
    public var m: Int
    /// Columns of c.
    public var n: Int
    /// Terms of each of c's sums.
    public var k: Int
    /// a is stored [k × m].
    public var transposeA: Bool
    /// b is stored [n × k].
    public var transposeB: Bool
    /// Whether c gains the product instead of being replaced by it.
    public var accumulate: Bool

    /// c = a · b unless flags are given.
    public init(m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false, accumulate: Bool = false) {
        self.m = m
        self.n = n
        self.k = k
        self.transposeA = transposeA
        self.transposeB = transposeB
        self.accumulate = accumulate
    }
}

/// What happens to a matrix product before it is done.
public enum Epilogue: Sendable {
    /// c is the product.
    case none
    /// c + bias
    case bias(Tensor)
    /// c + bias? + residual[m × n]; the residual may be c itself only with `accumulate`.
    case residual(Tensor, bias: Tensor?)
    /// c = product + bias? stays (the activation's backward needs it); output = f(c).
    case activation(Activation, bias: Tensor?, output: Tensor)
}

/// A function of one number, applied to each element. Raw values are its names in manifests.
public enum Activation: String, Sendable, Hashable, CaseIterable {
    /// ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))): Hendrycks and Gimpel, arXiv 1606.08415, approximated.
    case geluTanh = "gelu-tanh"
    /// x · Φ(x) = ½ · x · (1 + erf(x / √2)): Hendrycks and Gimpel, arXiv 1606.08415.
    case geluErf = "gelu-erf"
    /// max(x, 0)
    case relu
    /// x / (1 + exp(−x)): Elfwing et al., arXiv 1702.03118.
    case silu
    /// The hyperbolic tangent.
    case tanh
    /// 1 / (1 + exp(−x))
    case sigmoid
}

/// What numbers `Backend.fill` writes.
public enum Distribution: Hashable, Sendable {
    /// The same number everywhere.
    case constant(Float)
    /// Evenly spread from the first number to the second.
    case uniform(Float, Float)
    /// Gaussian; `deviation` is the standard deviation σ.
    case normal(mean: Float, deviation: Float)
}

/// What a random stream depends on: nothing else may change its numbers. Philox 4×32-10 takes the seed as its key and
/// the rest with the element's index as its counter.
public struct RandomKey: Hashable, Sendable {
    /// The run's: the key of Philox.
    public var seed: UInt64
    /// The training step, counted from 0 (0 for parameters).
    public var step: UInt32
    /// The index of the first sample, counted over the whole step (0 for parameters).
    public var sample: UInt32
    /// The layer's place in the whole model, in the order of execution.
    public var layer: UInt32

    /// The stream of a layer's parameters, unless step and sample are given.
    public init(seed: UInt64, step: UInt32 = 0, sample: UInt32 = 0, layer: UInt32) {
        self.seed = seed
        self.step = step
        self.sample = sample
        self.layer = layer
    }
}
