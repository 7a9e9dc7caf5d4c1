import CPUDevices
import Tensors
import Testing

/// bf16 and f16 kernels against the f32 kernel on the same numbers: they compute alike and round once, so that the results
/// are the same bits.
@Suite struct ShortTypeTests {
    /// Activations of one type, and everything else in f32.
    struct Run {
        let lab: Lab
        let dtype: DType

        func x(_ values: [Double], _ shape: Shape) -> Tensor { lab.tensor(values, shape, dtype) }
        func empty(_ shape: Shape) -> Tensor { lab.garbage(shape, dtype) }
        func f32(_ values: [Double]) -> Tensor { lab.tensor(values) }
    }

    /// Numbers that the short type holds exactly, so that both runs start from the same.
    private func inputs(_ count: Int, _ seed: UInt64, _ dtype: DType, scale: Double = 1) -> [Double] {
        let lab = Lab()
        return lab.floats(lab.tensor(numbers(count, seed: seed, scale: scale), nil, dtype)).map(Double.init)
    }

    private func expectSame(
        _ dtype: DType, sourceLocation: SourceLocation = #_sourceLocation, _ body: (Run) -> [Tensor]
    ) {
        let lab = Lab()
        let short = body(Run(lab: lab, dtype: dtype))
        let wide = body(Run(lab: lab, dtype: .f32))
        for (index, (got, exact)) in zip(short, wide).enumerated() {
            let rounded = lab.tensor(lab.floats(exact).map(Double.init), exact.shape, got.dtype)
            #expect(
                lab.floats(got).map(\.bitPattern) == lab.floats(rounded).map(\.bitPattern), "result \(index)",
                sourceLocation: sourceLocation)
            #expect(lab.floats(got).allSatisfy { $0.isFinite }, sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: DType.short, oddSizes) func `elementwise operations compute in f32 and round once`(
        dtype: DType, count: Int
    ) {
        let (a, b) = (inputs(count, 1, dtype, scale: 4), inputs(count, 2, dtype))
        expectSame(dtype) { run in
            let (sum, scaled, product) = (run.empty([count]), run.empty([count]), run.empty([count]))
            let (capped, slope) = (run.empty([count]), run.x(b, [count]))
            let backend = run.lab.backend
            backend.add(run.x(a, [count]), run.x(b, [count]), into: sum)
            backend.addScaled(run.x(a, [count]), by: 7.48, to: run.x(b, [count]), into: scaled)
            backend.scale(run.x(a, [count]), by: 7.48, into: product)
            backend.softcap(run.x(a, [count]), cap: 3, into: capped)
            backend.softcapBackward(slope, x: run.x(a, [count]), cap: 3, into: slope)
            return [sum, scaled, product, capped, slope]
        }
        for kind in Activation.allCases {
            expectSame(dtype) { run in
                let (y, dx) = (run.empty([count]), run.x(b, [count]))
                run.lab.backend.activation(kind, run.x(a, [count]), into: y)
                run.lab.backend.activationBackward(kind, x: run.x(a, [count]), dy: dx, into: dx)
                let (gated, dgate, dup) = (run.empty([count]), run.empty([count]), run.empty([count]))
                let (gate, up) = (run.x(a, [count]), run.x(b, [count]))
                run.lab.backend.gate(kind, gate, up, into: gated)
                run.lab.backend.gateBackward(kind, gate: gate, up: up, dy: gate, dgate: dgate, dup: dup)
                return [y, dx, gated, dgate, dup]
            }
        }
    }

    @Test(arguments: DType.short, [7, 17, 65, 130]) func `normalisations compute in f32 and round once`(
        dtype: DType, width: Int
    ) {
        let shape: Shape = [3, width]
        let (x, dy, old) = (inputs(3 * width, 1, dtype), inputs(3 * width, 2, dtype), inputs(3 * width, 3, dtype))
        let (weight, bias) = (numbers(width, seed: 4), numbers(width, seed: 5))
        expectSame(dtype) { run in
            let backend = run.lab.backend
            let (y, statistics, dx) = (run.empty(shape), run.lab.garbage([3, 2]), run.x(old, shape))
            let (dweight, dbias) = (run.f32(bias), run.f32(weight))
            backend.layerNorm(
                run.x(x, shape), weight: run.f32(weight), bias: run.f32(bias), epsilon: 1e-5, into: y,
                statistics: statistics)
            backend.layerNormBackwardInput(
                run.x(dy, shape), x: run.x(x, shape), weight: run.f32(weight), statistics: statistics, into: dx,
                accumulate: true)
            backend.layerNormBackwardWeight(
                run.x(dy, shape), x: run.x(x, shape), statistics: statistics, dweight: dweight, dbias: dbias)
            return [y, statistics, dx, dweight, dbias]
        }
        expectSame(dtype) { run in
            let backend = run.lab.backend
            let (y, statistics, dx) = (run.empty(shape), run.lab.garbage([3, 1]), run.empty(shape))
            let dweight = run.f32(bias)
            backend.rmsNorm(
                run.x(x, shape), weight: run.f32(weight), unitOffset: true, epsilon: 1e-5, into: y,
                statistics: statistics)
            backend.rmsNormBackwardInput(
                run.x(dy, shape), x: run.x(x, shape), weight: run.f32(weight), unitOffset: true,
                statistics: statistics, into: dx, accumulate: false)
            backend.rmsNormBackwardWeight(
                run.x(dy, shape), x: run.x(x, shape), statistics: statistics, dweight: dweight)
            return [y, statistics, dx, dweight]
        }
    }

    @Test(arguments: DType.short, [1, 7, 65]) func `embeddings compute in f32 and round once`(dtype: DType, width: Int)
    {
        let dy = inputs(6 * width, 1, dtype)
        let (token, position) = (numbers(5 * width, seed: 2), numbers(3 * width, seed: 3))
        expectSame(dtype) { run in
            let backend = run.lab.backend
            let (ids, y) = (run.lab.ids([3, 0, 3, 1, 4, 3], [2, 3]), run.empty([2, 3, width]))
            let (table, places) = (run.lab.tensor(token, [5, width]), run.lab.tensor(position, [3, width]))
            backend.embedding(ids, token: table, position: places, scale: 7.48, into: y)
            backend.embeddingBackward(ids, dy: run.x(dy, [2, 3, width]), dtoken: table, dposition: places, scale: 7.48)
            return [y, table, places]
        }
    }

    @Test(arguments: DType.short, oddSizes) func `reductions and random numbers are those of f32`(
        dtype: DType, width: Int
    ) {
        let x = inputs(4 * width, 1, dtype)
        let key = RandomKey(seed: 1, layer: 2)
        expectSame(dtype) { run in
            let backend = run.lab.backend
            let (input, rows, dropped) = (run.x(x, [4, width]), run.lab.garbage([width]), run.empty([4, width]))
            let (uniform, normal) = (run.empty([4, width]), run.empty([4, width]))
            backend.sumRows(input, into: rows, accumulate: false)
            backend.dropout(input, into: dropped, probability: 0.25, key: key, rowsPerSample: 2)
            backend.fill(uniform, .uniform(-1, 2), key: key)
            backend.fill(normal, .normal(mean: 0, deviation: 1), key: key)
            return [
                rows, dropped, uniform, normal, run.lab.tensor([backend.sum(input), backend.sumOfSquares(input)]),
            ]
        }
    }

    @Test(arguments: DType.short, [1, 17, 130]) func `the mean squared error computes in f32 and rounds once`(
        dtype: DType, width: Int
    ) {
        let (x, targets) = (inputs(2 * width, 1, dtype), numbers(2 * width, seed: 2))
        expectSame(dtype) { run in
            let (prediction, losses) = (run.x(x, [2, width]), run.lab.garbage([2]))
            run.lab.backend.meanSquaredError(
                prediction, targets: run.lab.tensor(targets, [2, width]), normaliser: run.lab.normaliser(8),
                rowLosses: losses, gradientScale: 16)
            return [prediction, losses]
        }
    }

    /// The exponentials of a short row are computed twice instead of kept: close, not the same bits.
    @Test(arguments: DType.short, oddSizes + [1023, 1025, 2500, 300_001])
    func `cross-entropy computes in f32 and rounds once`(dtype: DType, classes: Int) {
        let lab = Lab()
        let x = inputs(3 * classes, 1, dtype, scale: 6)
        func run(_ type: DType) -> (gradient: [Double], losses: [Float]) {
            let (logits, losses) = (lab.tensor(x, [3, classes], type), lab.garbage([3]))
            lab.backend.crossEntropy(
                logits, targets: lab.ids([0, -100, classes - 1]), ignoreIndex: -100, normaliser: lab.normaliser(2),
                rowLosses: losses, gradientScale: 1024)
            return (lab.floats(logits).map(Double.init), lab.floats(losses))
        }
        let (short, wide) = (run(dtype), run(.f32))
        expectClose(short.losses, wide.losses.map(Double.init))
        // Of each element's own size: small gradients keep their digits.
        for (got, exact) in zip(short.gradient, wide.gradient) {
            #expect(abs(got - exact) <= (dtype.roundingError + 1e-5) * abs(exact) + 1e-7)
        }
    }

    /// A target that is all but certain leaves a small gradient, which must not drown in the rounding of its parts.
    @Test(arguments: DType.short) func `an almost certain target keeps its gradient`(dtype: DType) {
        let lab = Lab()
        let (logits, losses) = (lab.tensor([8, 0, 0], [1, 3], dtype), lab.garbage([1]))
        lab.backend.crossEntropy(
            logits, targets: lab.ids([0]), ignoreIndex: -100, normaliser: lab.normaliser(1), rowLosses: losses)
        let gradient = lab.floats(logits).map(Double.init)
        #expect(abs(gradient[0] + gradient[1] + gradient[2]) <= 2 * dtype.roundingError * abs(gradient[0]))
        #expect(gradient[0] < -6e-4 && gradient[0] > -7e-4)
    }

    @Test func `the gradient's scale leaves the loss alone`() {
        let lab = Lab()
        func run(_ scale: Float) -> ([Float], [Float]) {
            let (logits, losses) = (lab.tensor(numbers(34, seed: 1), [2, 17]), lab.garbage([2]))
            lab.backend.crossEntropy(
                logits, targets: lab.ids([3, 4]), ignoreIndex: -100, normaliser: lab.normaliser(2), rowLosses: losses,
                gradientScale: scale)
            return (lab.floats(logits), lab.floats(losses))
        }
        let (plain, scaled) = (run(1), run(4096))
        #expect(scaled.0 == plain.0.map { $0 * 4096 })
        #expect(scaled.1 == plain.1)
    }

    @Test(arguments: DType.short, oddSizes) func `updates write the 16-bit working copy of the weights`(
        dtype: DType, count: Int
    ) {
        let lab = Lab()
        let (p, g) = (numbers(count, seed: 1), numbers(count, seed: 2))
        let step = AdamStep(
            learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, decoupled: true, t: 1)
        let still = [Double](repeating: 0, count: count)
        let (weights, working, plain) = (lab.tensor(p), lab.garbage([count], dtype), lab.tensor(p))
        let gradient = lab.tensor(g)
        lab.backend.adamW(
            weights, gradient: gradient, m: lab.tensor(still), v: lab.tensor(still), working: working, step)
        lab.backend.adamW(plain, gradient: gradient, m: lab.tensor(still), v: lab.tensor(still), step)
        #expect(lab.floats(weights) == lab.floats(plain))
        #expect(lab.floats(working) == lab.floats(lab.tensor(lab.floats(weights).map(Double.init), nil, dtype)))
        lab.backend.sgd(
            weights, gradient: gradient, momentum: nil, working: working,
            SGDStep(learningRate: 0.5, momentum: 0, weightDecay: 0, first: true))
        #expect(lab.floats(weights) != lab.floats(plain))
        #expect(lab.floats(working) == lab.floats(lab.tensor(lab.floats(weights).map(Double.init), nil, dtype)))
    }
}
