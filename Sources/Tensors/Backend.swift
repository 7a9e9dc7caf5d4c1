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
public protocol Backend: ShardOperations, Sendable {
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
    /// `y[i] = x[rows[i]]`; x and y as matrices of their rows, rows: i32.
    func gatherRows(_ x: Tensor, _ rows: Tensor, into y: Tensor)
    /// `y[rows[i]] = x[i]`; all other rows of y become 0.
    func scatterRows(_ x: Tensor, _ rows: Tensor, into y: Tensor)
    /// y = a + b; y may be a or b.
    func add(_ a: Tensor, _ b: Tensor, into y: Tensor)
    /// y = a + factor · x; y may be a or x.
    func addScaled(_ x: Tensor, by factor: Float, to a: Tensor, into y: Tensor)
    /// y = factor · x; y may be x.
    func scale(_ x: Tensor, by factor: Float, into y: Tensor)
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
    /// y = cap · tanh(x / cap)
    func softcap(_ x: Tensor, cap: Float, into y: Tensor)
    /// dx = dy · (1 − tanh²(x / cap)), from the forward input x; dx may be dy.
    func softcapBackward(_ dy: Tensor, x: Tensor, cap: Float, into dx: Tensor)
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
    /// y = x / √(mean of x² + epsilon) · weight: Zhang and Sennrich, arXiv 1910.07467. With `unitOffset` 1 is added to
    /// the weight first.
    func rmsNorm(
        _ x: Tensor, weight: Tensor, unitOffset: Bool, epsilon: Float, into y: Tensor, statistics: Tensor)
    /// dx (+)= …, as `layerNormBackwardInput`.
    func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, unitOffset: Bool, statistics: Tensor, into dx: Tensor,
        accumulate: Bool)
    /// dweight += …
    func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor)

    // Attention over a fused qkv: [batch, sequence, (heads + 2 · keyHeads) · headWidth] (q, k, v side by side; heads side
    // by side in each).
    /// y = qkv with each head of q and k over the root of its mean square, times `queryWeight` or `keyWeight`:
    /// f32[headWidth], to which `offset` is added. statistics: f32[batch, sequence, heads + keyHeads] (1/rms). y may be qkv.
    func headNorm(
        _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, epsilon: Float, into y: Tensor,
        statistics: Tensor, _ shape: AttentionShape)
    /// dy, the gradient of y, becomes that of qkv; dqueryWeight += …, dkeyWeight += …, in the order of the rows.
    func headNormBackward(
        _ dy: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, statistics: Tensor,
        dqueryWeight: Tensor, dkeyWeight: Tensor, _ shape: AttentionShape)
    /// Turns q and k in place by their positions; `backward`: their gradients, the other way round. Positions are those of
    /// `positions`, as `prefixPositions` writes them; where it is nil, `start` and those that follow it.
    func rotate(
        _ qkv: Tensor, _ rotation: Rotation, positions: Tensor?, start: Int, backward: Bool, _ shape: AttentionShape)
    /// Bytes of scratch that all passes need for activations of this type: they use the first bytes of what they are given.
    func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int
    /// out: [batch, sequence, heads · headWidth]; logSumExp: f32[batch, heads, sequence]. `prefix`, where the shape has one:
    /// i32[batch, …], whose first column counts the first positions that every position of the sample sees.
    func attention(
        _ qkv: Tensor, prefix: Tensor?, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor)
    /// dqkv = the gradient of qkv, from the forward's qkv, out and logSumExp.
    func attentionBackward(
        _ dout: Tensor, qkv: Tensor, prefix: Tensor?, out: Tensor, logSumExp: Tensor, into dqkv: Tensor,
        _ shape: AttentionShape, scratch: Tensor)
    /// The same forward pass for positions `start` and those that follow it, where a cache holds k and v of all earlier
    /// ones: it gains those of qkv first. cache: [batch, capacity, 2 · keyHeads · headWidth] (k, v side by side).
    func cachedAttention(
        _ qkv: Tensor, cache: Tensor, start: Int, prefix: Tensor?, into out: Tensor, logSumExp: Tensor,
        _ shape: AttentionShape, scratch: Tensor)
    /// positions: i32[batch, 1 + 2 · sequence], of each row of ids: i32[batch, sequence], as `PrefixRule` says. Where a
    /// cache (i32[batch, 2]) is given, the row at `start` 0 leaves there what later rows of the same sample go on from.
    func prefixPositions(_ ids: Tensor, _ rule: PrefixRule, start: Int, cache: Tensor?, into positions: Tensor)

    // Embedding. ids: i32[batch, sequence]; token: [vocab, width]; position: [positions, width].
    /// y[b, s] = scale · token[ids[b, s]] + position[s], without position where it is nil.
    func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, scale: Float, into y: Tensor)
    /// dtoken += scale · …, dposition += …, in the order of the ids.
    func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?, scale: Float)

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
    /// The same without a prefix.
    public func attention(
        _ qkv: Tensor, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor
    ) {
        attention(qkv, prefix: nil, into: out, logSumExp: logSumExp, shape, scratch: scratch)
    }

    /// The same without a prefix.
    public func attentionBackward(
        _ dout: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, into dqkv: Tensor, _ shape: AttentionShape,
        scratch: Tensor
    ) {
        attentionBackward(
            dout, qkv: qkv, prefix: nil, out: out, logSumExp: logSumExp, into: dqkv, shape, scratch: scratch)
    }

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

/// Operations with the options that most models leave alone.
extension Backend {
    /// The same with the weight as it is.
    public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor, statistics: Tensor) {
        rmsNorm(x, weight: weight, unitOffset: false, epsilon: epsilon, into: y, statistics: statistics)
    }

    /// The same with the weight as it is.
    public func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        rmsNormBackwardInput(
            dy, x: x, weight: weight, unitOffset: false, statistics: statistics, into: dx, accumulate: accumulate)
    }

    /// The same with the tokens' vectors as they are.
    public func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, into y: Tensor) {
        embedding(ids, token: token, position: position, scale: 1, into: y)
    }

    /// The same with the tokens' vectors as they are.
    public func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?) {
        embeddingBackward(ids, dy: dy, dtoken: dtoken, dposition: dposition, scale: 1)
    }
}
