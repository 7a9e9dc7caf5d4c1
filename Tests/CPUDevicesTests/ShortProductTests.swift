import CPUDevices
import Tensors
import Testing

/// Products and attention of short types against f64 on the same numbers: off by one rounding of the result, and by what
/// f32 sums lose.
@Suite struct ShortProductTests {
    let lab = Lab()
    /// Some past the edge of the blocks that are widened where the processor lacks the type.
    static let sizes = [
        (1, 1, 1), (7, 17, 5), (65, 33, 64), (64, 130, 17), (129, 16, 1), (3, 5, 2051), (3, 1031, 9), (1030, 2, 7),
    ]

    private func inputs(_ count: Int, _ seed: UInt64, _ dtype: DType) -> [Double] {
        lab.floats(lab.tensor(numbers(count, seed: seed), nil, dtype)).map(Double.init)
    }

    @Test(arguments: DType.short, sizes)
    func `short products agree with three loops for every transpose and result type`(
        dtype: DType, size: (Int, Int, Int)
    ) {
        let (m, n, k) = size
        for flags in 0..<16 {
            let shape = MatMul(
                m: m, n: n, k: k, transposeA: flags & 1 != 0, transposeB: flags & 2 != 0, accumulate: flags & 4 != 0)
            let result: DType = flags & 8 == 0 ? dtype : .f32
            let (a, b, old) = (inputs(m * k, 1, dtype), inputs(k * n, 2, dtype), inputs(m * n, 3, result))
            let c = shape.accumulate ? lab.tensor(old, [m, n], result) : lab.garbage([m, n], result)
            lab.backend.matmul(
                lab.tensor(a, nil, dtype), lab.tensor(b, nil, dtype), into: c, shape, epilogue: .none)
            let product = MatMulTests.product(a, b, shape)
            expectClose(
                lab.floats(c), shape.accumulate ? zip(product, old).map(+) : product,
                tolerance: result.roundingError + 2e-6, "\(shape) \(result)")
        }
    }

    @Test(arguments: DType.short, [false, true]) func `epilogues round once, after bias, residual and activation`(
        dtype: DType, accumulate: Bool
    ) {
        for (m, n, k) in Self.sizes {
            let shape = MatMul(m: m, n: n, k: k, transposeB: true, accumulate: accumulate)
            let (a, b, old) = (inputs(m * k, 1, dtype), inputs(k * n, 2, dtype), inputs(m * n, 3, dtype))
            let (bias, residual) = (numbers(n, seed: 4), inputs(m * n, 5, dtype))
            let product = MatMulTests.product(a, b, shape)
            let plain = accumulate ? zip(product, old).map(+) : product
            let biased = plain.enumerated().map { $1 + bias[$0 % n] }
            func run(_ expected: [Double], _ what: String, _ epilogue: (_ c: Tensor) -> Epilogue) {
                let c = accumulate ? lab.tensor(old, [m, n], dtype) : lab.garbage([m, n], dtype)
                lab.backend.matmul(
                    lab.tensor(a, nil, dtype), lab.tensor(b, nil, dtype), into: c, shape, epilogue: epilogue(c))
                expectClose(lab.floats(c), expected, tolerance: dtype.roundingError + 2e-6, "\(what) \(shape)")
            }
            let (biasTensor, addend) = (lab.tensor(bias), lab.tensor(residual, nil, dtype))
            run(biased, "bias") { _ in .bias(biasTensor) }
            run(zip(plain, residual).map(+), "residual") { _ in .residual(addend, bias: nil) }
            run(zip(biased, residual).map(+), "both") { _ in .residual(addend, bias: biasTensor) }
            if accumulate { run(biased, "in place") { .residual($0, bias: biasTensor) } }
            let output = lab.garbage([m, n], dtype)
            run(biased, "before activation") { _ in .activation(.silu, bias: biasTensor, output: output) }
            expectClose(
                lab.floats(output), biased.map { $0 * logistic($0) }, tolerance: 3 * dtype.roundingError, "activation")
        }
    }

    @Test(arguments: DType.short) func `an empty sum is its addends`(dtype: DType) {
        let c = lab.garbage([2, 3], dtype)
        let nothing = lab.empty([0], dtype)
        lab.backend.matmul(
            nothing, nothing, into: c, MatMul(m: 2, n: 3, k: 0), epilogue: .bias(lab.tensor([1, 2, 3])))
        #expect(lab.floats(c) == [1, 2, 3, 1, 2, 3])
        lab.backend.matmul(nothing, nothing, into: c, MatMul(m: 2, n: 3, k: 0), epilogue: .none)
        #expect(lab.floats(c) == [0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: DType.short, AttentionTests.shapes) func `attention in short types agrees with its definition`(
        dtype: DType, shape: AttentionShape
    ) {
        let (tokens, naive) = (shape.batch * shape.sequence, NaiveAttention(shape: shape))
        let qkv = inputs(tokens * shape.qkvWidth, 1, dtype)
        let dy = inputs(tokens * shape.width, 2, dtype)
        let (scratch, prefix) = (lab.scratch(shape, dtype), lab.prefix(shape))
        let (out, sums) = (lab.garbage([tokens, shape.width], dtype), lab.garbage([tokens * shape.heads]))
        let (input, gradient) = (lab.tensor(qkv, nil, dtype), lab.garbage([qkv.count], dtype))
        lab.backend.attention(input, prefix: prefix, into: out, logSumExp: sums, shape, scratch: scratch)
        let expected = naive.forward(qkv)
        // Probabilities may be rounded too before they meet the values.
        expectClose(lab.floats(out), expected.out, tolerance: 2 * dtype.roundingError)
        expectClose(lab.floats(sums), expected.logSumExp)

        lab.backend.attentionBackward(
            lab.tensor(dy, nil, dtype), qkv: input, prefix: prefix, out: out, logSumExp: sums, into: gradient, shape,
            scratch: scratch)
        let actual = lab.floats(gradient)
        let scale = Double(actual.map(abs).max() ?? 0)
        for index in stride(from: 0, to: qkv.count, by: max(1, qkv.count / 30 | 1)) {
            let slope = slope({ dot(naive.forward($0).out, dy) }, at: qkv, index)
            #expect(abs(Double(actual[index]) - slope) < 4 * dtype.roundingError * (1 + scale), "\(shape) \(index)")
        }
        #expect(actual.allSatisfy { $0.isFinite })
    }
}
