import CPUDevices
import Tensors
import Testing

@Suite struct MatMulTests {
    let lab = Lab()
    static let sizes = [(1, 1, 1), (7, 17, 5), (65, 33, 64), (64, 130, 17), (129, 16, 1)]

    /// op(a) · op(b) in f64; a and b as they are stored.
    static func product(_ a: [Double], _ b: [Double], _ s: MatMul) -> [Double] {
        var c = [Double](repeating: 0, count: s.m * s.n)
        for i in 0..<s.m {
            for j in 0..<s.n {
                for l in 0..<s.k {
                    let x = s.transposeA ? a[l * s.m + i] : a[i * s.k + l]
                    let y = s.transposeB ? b[j * s.k + l] : b[l * s.n + j]
                    c[i * s.n + j] += x * y
                }
            }
        }
        return c
    }

    @Test(arguments: sizes) func `products agree with three loops for every transpose and accumulation`(
        m: Int, n: Int, k: Int
    ) {
        for flags in 0..<8 {
            let shape = MatMul(
                m: m, n: n, k: k, transposeA: flags & 1 != 0, transposeB: flags & 2 != 0, accumulate: flags & 4 != 0)
            let (a, b, old) = (numbers(m * k, seed: 1), numbers(k * n, seed: 2), numbers(m * n, seed: 3))
            let c = shape.accumulate ? lab.tensor(old) : lab.garbage([m * n])
            lab.backend.matmul(lab.tensor(a), lab.tensor(b), into: c, shape, epilogue: .none)
            let product = Self.product(a, b, shape)
            expectClose(lab.floats(c), shape.accumulate ? zip(product, old).map(+) : product, "\(shape)")
        }
    }

    @Test(arguments: sizes, [false, true]) func `epilogues add bias and residual and apply the activation`(
        size: (Int, Int, Int), accumulate: Bool
    ) {
        let (m, n, k) = size
        let shape = MatMul(m: m, n: n, k: k, transposeB: true, accumulate: accumulate)
        let (a, b, old) = (numbers(m * k, seed: 1), numbers(k * n, seed: 2), numbers(m * n, seed: 3))
        let (bias, residual) = (numbers(n, seed: 4), numbers(m * n, seed: 5))
        let product = Self.product(a, b, shape)
        let plain = accumulate ? zip(product, old).map(+) : product
        let biased = plain.enumerated().map { $1 + bias[$0 % n] }

        func run(_ epilogue: (_ c: Tensor) -> Epilogue, _ expected: [Double], _ what: String) {
            let c = accumulate ? lab.tensor(old, [m, n]) : lab.garbage([m, n])
            lab.backend.matmul(lab.tensor(a), lab.tensor(b), into: c, shape, epilogue: epilogue(c))
            expectClose(lab.floats(c), expected, what)
        }
        let (biasTensor, residualTensor) = (lab.tensor(bias), lab.tensor(residual))
        run({ _ in .bias(biasTensor) }, biased, "bias")
        run({ _ in .residual(residualTensor, bias: nil) }, zip(plain, residual).map(+), "residual")
        run({ _ in .residual(residualTensor, bias: biasTensor) }, zip(biased, residual).map(+), "residual and bias")
        if accumulate {
            run({ .residual($0, bias: biasTensor) }, biased, "residual in place")
            run({ .residual($0, bias: nil) }, plain, "residual in place without bias")
        }
        for hasBias in [false, true] {
            let output = lab.garbage([m, n])
            let before = hasBias ? biased : plain
            run(
                { _ in .activation(.silu, bias: hasBias ? biasTensor : nil, output: output) }, before,
                "before activation")
            expectClose(lab.floats(output), before.map { $0 * logistic($0) }, "activation")
        }
    }

    @Test func `an empty sum is zero`() {
        let c = lab.garbage([2, 3])
        lab.backend.matmul(
            lab.empty([0]), lab.empty([0]), into: c, MatMul(m: 2, n: 3, k: 0), epilogue: .none)
        #expect(lab.floats(c) == [Float](repeating: 0, count: 6))
    }

    @Test(arguments: oddSizes) func `rows are summed, or added to a sum`(width: Int) {
        let rows = 9
        let (x, old) = (numbers(rows * width, seed: 1), numbers(width, seed: 2))
        let sums = (0..<width).map { column in (0..<rows).reduce(0) { $0 + x[$1 * width + column] } }
        let (fresh, kept) = (lab.garbage([width]), lab.tensor(old))
        lab.backend.sumRows(lab.tensor(x, [rows, width]), into: fresh, accumulate: false)
        lab.backend.sumRows(lab.tensor(x, [rows, width]), into: kept, accumulate: true)
        expectClose(lab.floats(fresh), sums)
        expectClose(lab.floats(kept), zip(sums, old).map(+))
    }
}
