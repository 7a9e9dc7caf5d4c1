internal import Systems

/// A device's coarse operations over its own memory.
///
/// Every call is made by the one compute thread of a worker, in program order. Matrices are row-major; a tensor of any
/// rank counts as the matrix of its rows. `accumulate` adds to what the output holds instead of replacing it; without
/// it outputs may hold anything. Results depend only on the arguments and the number of compute threads, never on where
/// buffers lie, so that a run is bitwise repeatable under any partition.
///
/// Activations and their gradients are f32, bf16 or f16: one type per call, whatever a backend computes in. Biases, norms'
/// and embeddings' parameters, statistics, losses, gradients of parameters and optimizer state are always f32; the
/// matrices that `matmul` reads have the activations' type. Rounding is to the nearest, ties to even.
///
///     let backend = CPUBackend(device: "cpu:0", threads: 1)
///     let x = Tensor(try backend.allocate(byteCount: 32), spec: TensorSpec([2, 4]))
///     backend.fill(x, .normal(mean: 0, deviation: 0.02), key: RandomKey(seed: 0, layer: 0))
public protocol Backend: AnyObject, Sendable {
    /// `cpu:0`, as the user wrote it.
    var device: String { get }
    /// False on a device that computes nothing, and whose losses therefore mean nothing.
    var computes: Bool { get }

    // Memory
    /// The contents are undefined at first.
    /// - Throws: where the device has no room.
    func allocate(byteCount: Int) throws(TensorError) -> DeviceMemory
    /// The tensor's bytes where the host can read and write them in place, once all earlier calls have finished; nil
    /// where they must be copied.
    func hostView(_ tensor: Tensor) -> UnsafeMutableRawBufferPointer?
    /// Returns when `bytes` may be overwritten.
    func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor)
    /// Returns when `bytes` holds the tensor.
    func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer)
    /// Every byte of x becomes 0.
    func zero(_ x: Tensor)
    /// y = x: as many elements of the same type, perhaps under another shape.
    func copy(_ x: Tensor, to y: Tensor)
    /// `y[:, start ..< start + x.width] = x`, or the other way round with `extractColumns`.
    func insertColumns(_ x: Tensor, into y: Tensor, at start: Int)
    /// `y = x[:, start ..< start + y.width]`
    func extractColumns(_ x: Tensor, from start: Int, into y: Tensor)
    /// y = a + b; y may be a or b.
    func add(_ a: Tensor, _ b: Tensor, into y: Tensor)
    /// y = x in y's type: any floating-point type to any other.
    func cast(_ x: Tensor, into y: Tensor)
    /// Fills x with numbers that depend on `key` and the element's index alone.
    func fill(_ x: Tensor, _ distribution: Distribution, key: RandomKey)

    // Linear algebra
    /// c[m × n] (+)= op(a) · op(b), then the epilogue. a and b have one type, c has that type or f32; sums run in f32.
    func matmul(_ a: Tensor, _ b: Tensor, into c: Tensor, _ shape: MatMul, epilogue: Epilogue)
    /// out: f32[width] (+)= Σ rows of x: a bias's gradient.
    func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool)

    // Elementwise
    /// y = f(x)
    func activation(_ kind: Activation, _ x: Tensor, into y: Tensor)
    /// dx = dy · f′(x), from the forward input x; dx may be dy.
    func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor)
    /// y = f(gate) · up
    func gate(_ kind: Activation, _ gate: Tensor, _ up: Tensor, into y: Tensor)
    /// dgate = dy · up · f′(gate), dup = dy · f(gate); either may be dy.
    func gateBackward(_ kind: Activation, gate: Tensor, up: Tensor, dy: Tensor, dgate: Tensor, dup: Tensor)
    /// y = x · mask / (1 − p); the mask depends on key and index alone, so the backward pass is the same call on dy.
    /// `rowsPerSample` rows share one sample number; key counts the first sample.
    func dropout(_ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int)

    // Normalisation, over rows of x. statistics: f32[rows × 2] (mean, 1/σ), or [rows × 1] (1/rms).
    /// y = (x − mean) / √(variance + epsilon) · weight + bias: Ba et al., arXiv 1607.06450.
    func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor)
    /// dx (+)= …; with `accumulate` the residual's gradient stays in dx.
    func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool)
    /// dweight += …, dbias += ….
    func layerNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?)
    /// y = x / √(mean of x² + epsilon) · weight: Zhang and Sennrich, arXiv 1910.07467.
    func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor, statistics: Tensor)
    /// dx (+)= …, as `layerNormBackwardInput`.
    func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool)
    /// dweight += …
    func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor)

    // Attention over a fused [batch, sequence, 3 · width] tensor (q, k, v side by side; heads side by side in each).
    /// Bytes of scratch that both passes need for activations of this type: they use the first bytes of what they are given.
    func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int
    /// out: [batch, sequence, width]; logSumExp: f32[batch, heads, sequence].
    func attention(_ qkv: Tensor, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor)
    /// dqkv = the gradient of qkv, from the forward's qkv, out and logSumExp.
    func attentionBackward(
        _ dout: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, into dqkv: Tensor, _ shape: AttentionShape,
        scratch: Tensor)

    // Embedding. ids: i32[batch, sequence]; token: [vocab, width]; position: [positions, width].
    /// y[b, s] = token[ids[b, s]] + position[s], without position where it is nil.
    func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, into y: Tensor)
    /// dtoken += …, dposition += …, in the order of the ids.
    func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?)

    // Losses. `normaliser`: i64[1], how many targets of the global batch count. Both overwrite the prediction with its
    // gradient, divided by the normaliser and multiplied by `gradientScale` (f16's loss scale), and leave each row's own
    // loss in rowLosses: f32[rows].
    /// logits: [rows, classes]; targets: i32[rows]; rows whose target is `ignoreIndex` have no loss and no gradient.
    func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float)
    /// The mean over every element of the squared difference; rowLosses holds each row's Σ(x − t)². targets: f32.
    func meanSquaredError(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float)

    // Reductions to the host: they wait for the device. Sums run in f64, in an order fixed by the count alone.
    /// Σ x
    func sum(_ x: Tensor) -> Double
    /// Σ x²
    func sumOfSquares(_ x: Tensor) -> Double
    /// Of each tensor; an asynchronous device is waited for once for all of them.
    func sumsOfSquares(_ tensors: [Tensor]) -> [Double]

    // Optimizers over f32, in one pass over memory; PyTorch's formulas. `gradientScale` multiplies every gradient first.
    // `working`, where given, takes the new weights in its own type.
    /// m and v are the first and second moments; `AdamStep` names the formulas.
    func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep)
    /// momentum: the buffer, nil where `step.momentum` is 0; `SGDStep` names the formulas.
    func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, working: Tensor?, _ step: SGDStep)

    /// Called after each pass of each layer with what it costs. A simulated device waits that long; others return at once.
    func simulate(_ work: Work)
    /// Returns when all earlier calls have finished.
    func synchronise()
    /// True where calls return before the device has finished their work.
    var isAsynchronous: Bool { get }
    /// Marks the point of the device's work at which all earlier calls have finished.
    func mark() -> DeviceMark
    /// When the device passed these points, in nanoseconds of the host's monotonic clock; waits until it has.
    func times(of marks: [DeviceMark]) -> [UInt64]
}

/// A point in the order of a device's work: a time on synchronous devices, else a handle of the backend's own.
public struct DeviceMark: Hashable, Sendable {
    /// Nanoseconds of the monotonic clock on synchronous devices; elsewhere what `times(of:)` of the same backend
    /// reads.
    public var value: UInt64

    /// For backends: a program gets its marks from `Backend.mark()`.
    public init(_ value: UInt64) { self.value = value }
}

/// On a synchronous device the host's clock gives the times.
extension Backend {
    /// False: calls return when their work is done.
    public var isAsynchronous: Bool { false }
    /// The host's time now: all earlier calls have finished.
    public func mark() -> DeviceMark { DeviceMark(MonotonicClock.now) }
    /// The marks are the times.
    public func times(of marks: [DeviceMark]) -> [UInt64] { marks.map(\.value) }
}

extension Backend {
    /// The same with unscaled gradients, for f32 and bf16.
    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor
    ) {
        crossEntropy(
            logits, targets: targets, ignoreIndex: ignoreIndex, normaliser: normaliser, rowLosses: rowLosses,
            gradientScale: 1)
    }

    /// The same with unscaled gradients, for f32 and bf16.
    public func meanSquaredError(_ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor) {
        meanSquaredError(
            prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses, gradientScale: 1)
    }

    /// One after the other, for synchronous devices.
    public func sumsOfSquares(_ tensors: [Tensor]) -> [Double] { tensors.map { sumOfSquares($0) } }

    /// The same where weights have no copy in another type.
    public func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, _ step: AdamStep) {
        adamW(p, gradient: gradient, m: m, v: v, working: nil, step)
    }

    /// The same where weights have no copy in another type.
    public func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, _ step: SGDStep) {
        sgd(p, gradient: gradient, momentum: momentum, working: nil, step)
    }
}

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

/// The sizes of one attention over [batch, sequence, 3 · heads · headWidth].
public struct AttentionShape: Hashable, Sendable {
    /// Samples of the micro-batch; none sees another.
    public var batch: Int
    /// Positions of a sample.
    public var sequence: Int
    /// Attentions side by side, each with `headWidth` channels of its own.
    public var heads: Int
    /// Channels of each head's q, k and v; scores are divided by its root.
    public var headWidth: Int
    /// Whether a position sees itself and earlier ones only.
    public var causal: Bool

    /// Sizes of at least 1; nothing checks them here.
    public init(batch: Int, sequence: Int, heads: Int, headWidth: Int, causal: Bool) {
        self.batch = batch
        self.sequence = sequence
        self.heads = heads
        self.headWidth = headWidth
        self.causal = causal
    }

    /// Channels of all heads together: heads × headWidth.
    public var width: Int { heads * headWidth }
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
