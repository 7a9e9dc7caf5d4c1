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
    func zero(_ x: Tensor)
    func copy(_ x: Tensor, to y: Tensor)
    /// `y[:, start ..< start + x.width] = x`, or the other way round with `extractColumns`.
    func insertColumns(_ x: Tensor, into y: Tensor, at start: Int)
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
    func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor)
    /// dx (+)= …; with `accumulate` the residual's gradient stays in dx.
    func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool)
    /// dweight += …, dbias += ….
    func layerNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?)
    func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor, statistics: Tensor)
    func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool)
    func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor)

    // Attention over a fused [batch, sequence, 3 · width] tensor (q, k, v side by side; heads side by side in each).
    /// Bytes of scratch that both passes need for activations of this type: they use the first bytes of what they are given.
    func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int
    /// out: [batch, sequence, width]; logSumExp: f32[batch, heads, sequence].
    func attention(_ qkv: Tensor, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor)
    func attentionBackward(
        _ dout: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, into dqkv: Tensor, _ shape: AttentionShape,
        scratch: Tensor)

    // Embedding. ids: i32[batch, sequence]; token: [vocab, width]; position: [positions, width].
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
    func sum(_ x: Tensor) -> Double
    func sumOfSquares(_ x: Tensor) -> Double
    /// Of each tensor; an asynchronous device is waited for once for all of them.
    func sumsOfSquares(_ tensors: [Tensor]) -> [Double]

    // Optimizers over f32, in one pass over memory; PyTorch's formulas. `gradientScale` multiplies every gradient first.
    // `working`, where given, takes the new weights in its own type.
    func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep)
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
    public var value: UInt64

    public init(_ value: UInt64) { self.value = value }
}

/// On a synchronous device the host's clock gives the times.
extension Backend {
    public var isAsynchronous: Bool { false }
    public func mark() -> DeviceMark { DeviceMark(MonotonicClock.now) }
    public func times(of marks: [DeviceMark]) -> [UInt64] { marks.map(\.value) }
}

extension Backend {
    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor
    ) {
        crossEntropy(
            logits, targets: targets, ignoreIndex: ignoreIndex, normaliser: normaliser, rowLosses: rowLosses,
            gradientScale: 1)
    }

    public func meanSquaredError(_ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor) {
        meanSquaredError(
            prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses, gradientScale: 1)
    }

    public func sumsOfSquares(_ tensors: [Tensor]) -> [Double] { tensors.map { sumOfSquares($0) } }

    public func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, _ step: AdamStep) {
        adamW(p, gradient: gradient, m: m, v: v, working: nil, step)
    }

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

    public init(flops: Double, units: Double = 1) {
        self.flops = flops
        self.units = units
    }
}

/// The sizes of c[m × n] = op(a)[m × k] · op(b)[k × n].
public struct MatMul: Hashable, Sendable {
    public var m: Int
    public var n: Int
    public var k: Int
    /// a is stored [k × m].
    public var transposeA: Bool
    /// b is stored [n × k].
    public var transposeB: Bool
    public var accumulate: Bool

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
    case none
    /// c + bias
    case bias(Tensor)
    /// c + bias? + residual[m × n]; the residual may be c itself only with `accumulate`.
    case residual(Tensor, bias: Tensor?)
    /// c = product + bias? stays (the activation's backward needs it); output = f(c).
    case activation(Activation, bias: Tensor?, output: Tensor)
}

public enum Activation: String, Sendable, Hashable, CaseIterable {
    case geluTanh = "gelu-tanh"
    case geluErf = "gelu-erf"
    case relu
    case silu
    case tanh
    case sigmoid
}

public struct AttentionShape: Hashable, Sendable {
    public var batch: Int
    public var sequence: Int
    public var heads: Int
    public var headWidth: Int
    public var causal: Bool

    public init(batch: Int, sequence: Int, heads: Int, headWidth: Int, causal: Bool) {
        self.batch = batch
        self.sequence = sequence
        self.heads = heads
        self.headWidth = headWidth
        self.causal = causal
    }

    public var width: Int { heads * headWidth }
}

public enum Distribution: Hashable, Sendable {
    case constant(Float)
    case uniform(Float, Float)
    case normal(mean: Float, deviation: Float)
}

/// What a random stream depends on: nothing else may change its numbers. Philox 4×32-10 takes the seed as its key and
/// the rest with the element's index as its counter.
public struct RandomKey: Hashable, Sendable {
    public var seed: UInt64
    public var step: UInt32
    /// The index of the first sample, counted over the whole step (0 for parameters).
    public var sample: UInt32
    /// The layer's place in the whole model, in the order of execution.
    public var layer: UInt32

    public init(seed: UInt64, step: UInt32 = 0, sample: UInt32 = 0, layer: UInt32) {
        self.seed = seed
        self.step = step
        self.sample = sample
        self.layer = layer
    }
}
