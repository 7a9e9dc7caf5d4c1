import CPUDevices
import Tensors
import Testing

/// Results are the same bits wherever the buffers lie.
@Suite struct DeterminismTests {
    private func sameBits(_ operation: (Lab) -> [Tensor]) {
        func bits(_ offset: Int) -> [[UInt32]] {
            let lab = Lab(offset: offset)
            return operation(lab).map { lab.floats($0).map(\.bitPattern) }
        }
        let aligned = bits(0)
        for offset in [1, 3, 8, 17] { #expect(bits(offset) == aligned, "\(offset) elements off") }
    }

    @Test(arguments: [MatMul(m: 70, n: 129, k: 65), MatMul(m: 5, n: 33, k: 200, transposeB: true)])
    func `matrix products do not depend on where buffers lie`(shape: MatMul) {
        sameBits { lab in
            let (c, y) = (lab.garbage([shape.m, shape.n]), lab.garbage([shape.m, shape.n]))
            lab.backend.matmul(
                lab.tensor(numbers(shape.m * shape.k, seed: 1)), lab.tensor(numbers(shape.n * shape.k, seed: 2)),
                into: c, shape, epilogue: .activation(.geluTanh, bias: lab.tensor(numbers(shape.n, seed: 3)), output: y)
            )
            return [c, y]
        }
    }

    @Test func `attention does not depend on where buffers lie`() {
        let shape = AttentionShape(batch: 1, sequence: 100, heads: 2, headWidth: 20, causal: true)
        sameBits { lab in
            let (out, sums) = (lab.garbage([100, 40]), lab.garbage([200]))
            let (qkv, gradient) = (lab.tensor(numbers(12_000, seed: 1)), lab.garbage([100, 120]))
            let scratch = lab.garbage([lab.backend.attentionScratch(shape, .f32) / 4])
            lab.backend.attention(qkv, into: out, logSumExp: sums, shape, scratch: scratch)
            lab.backend.attentionBackward(
                lab.tensor(numbers(4000, seed: 2)), qkv: qkv, out: out, logSumExp: sums, into: gradient, shape,
                scratch: scratch)
            return [out, sums, gradient]
        }
    }

    @Test func `normalisation does not depend on where buffers lie`() {
        sameBits { lab in
            let (x, dy) = (lab.tensor(numbers(99, seed: 1), [3, 33]), lab.tensor(numbers(99, seed: 2), [3, 33]))
            let (y, statistics) = (lab.garbage([3, 33]), lab.garbage([3, 2]))
            let (dx, dweight) = (lab.garbage([3, 33]), lab.tensor(numbers(33, seed: 3)))
            let weight = lab.tensor(numbers(33, seed: 4))
            lab.backend.layerNorm(x, weight: weight, bias: nil, epsilon: 1e-5, into: y, statistics: statistics)
            lab.backend.layerNormBackwardInput(
                dy, x: x, weight: weight, statistics: statistics, into: dx, accumulate: false)
            lab.backend.layerNormBackwardWeight(dy, x: x, statistics: statistics, dweight: dweight, dbias: nil)
            return [y, statistics, dx, dweight]
        }
    }

    @Test func `losses do not depend on where buffers lie`() {
        sameBits { lab in
            let (logits, losses) = (lab.tensor(numbers(3000, seed: 1), [2, 1500]), lab.garbage([2]))
            lab.backend.crossEntropy(
                logits, targets: lab.ids([7, 1499]), ignoreIndex: -100, normaliser: lab.normaliser(2),
                rowLosses: losses)
            return [logits, losses, lab.tensor([lab.backend.sum(logits), lab.backend.sumOfSquares(logits)])]
        }
    }

    @Test func `random numbers and updates do not depend on where buffers lie`() {
        let key = RandomKey(seed: 1, layer: 2)
        sameBits { lab in
            let (p, m, v) = (lab.garbage([333]), lab.garbage([333]), lab.garbage([333]))
            lab.backend.fill(p, .normal(mean: 0, deviation: 1), key: key)
            lab.backend.dropout(p, into: m, probability: 0.2, key: key, rowsPerSample: 1)
            lab.backend.activation(.sigmoid, p, into: v)
            lab.backend.adamW(
                p, gradient: lab.tensor(numbers(333, seed: 1)), m: m, v: v,
                AdamStep(
                    learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, decoupled: true,
                    t: 2))
            return [p, m, v]
        }
    }
}
