import CPUDevices
import Glibc
import Tensors
import Testing

/// softmax(q kᵀ / √headWidth) v in f64, written out.
struct NaiveAttention {
    var shape: AttentionShape

    func forward(_ qkv: [Double]) -> (out: [Double], logSumExp: [Double]) {
        let (sequence, width, headWidth) = (shape.sequence, shape.width, shape.headWidth)
        var out = [Double](repeating: 0, count: shape.batch * sequence * width)
        var sums: [Double] = []
        for b in 0..<shape.batch {
            for h in 0..<shape.heads {
                func at(_ part: Int, _ t: Int, _ i: Int) -> Double {
                    qkv[(b * sequence + t) * 3 * width + part * width + h * headWidth + i]
                }
                for t in 0..<sequence {
                    let scores = (0..<(shape.causal ? t + 1 : sequence)).map { s in
                        (0..<headWidth).reduce(0) { $0 + at(0, t, $1) * at(1, s, $1) } / Double(headWidth).squareRoot()
                    }
                    let top = scores.max() ?? 0
                    let sum = scores.reduce(0) { $0 + exp($1 - top) }
                    sums.append(top + log(sum))
                    for i in 0..<headWidth {
                        out[(b * sequence + t) * width + h * headWidth + i] =
                            scores.indices.reduce(0) { $0 + exp(scores[$1] - top) / sum * at(2, $1, i) }
                    }
                }
            }
        }
        return (out, sums)
    }
}

@Suite struct AttentionTests {
    var lab = Lab()
    static let shapes = [
        (1, 1, 1, 1), (2, 7, 2, 3), (1, 63, 1, 16), (2, 64, 1, 8), (1, 65, 2, 17), (1, 130, 1, 32),
    ].flatMap { batch, sequence, heads, headWidth in
        [false, true].map {
            AttentionShape(batch: batch, sequence: sequence, heads: heads, headWidth: headWidth, causal: $0)
        }
    }

    private func scratch(_ shape: AttentionShape) -> Tensor {
        lab.garbage([lab.backend.attentionScratch(shape, .f32) / 4])
    }

    @Test(arguments: shapes) func `the forward pass agrees with its definition`(shape: AttentionShape) {
        let qkv = numbers(shape.batch * shape.sequence * 3 * shape.width, seed: 1, scale: 2)
        let out = lab.garbage([shape.batch, shape.sequence, shape.width])
        let sums = lab.garbage([shape.batch, shape.heads, shape.sequence])
        lab.backend.attention(lab.tensor(qkv), into: out, logSumExp: sums, shape, scratch: scratch(shape))
        let expected = NaiveAttention(shape: shape).forward(qkv)
        expectClose(lab.floats(out), expected.out)
        expectClose(lab.floats(sums), expected.logSumExp)
    }

    @Test(arguments: shapes) func `the backward pass agrees with its definition's gradients`(shape: AttentionShape) {
        let naive = NaiveAttention(shape: shape)
        let qkv = numbers(shape.batch * shape.sequence * 3 * shape.width, seed: 1, scale: 2)
        let dy = numbers(shape.batch * shape.sequence * shape.width, seed: 2)
        let result = naive.forward(qkv)
        let gradient = lab.garbage([qkv.count])
        lab.backend.attentionBackward(
            lab.tensor(dy), qkv: lab.tensor(qkv), out: lab.tensor(result.out), logSumExp: lab.tensor(result.logSumExp),
            into: gradient, shape, scratch: scratch(shape))
        let actual = lab.floats(gradient)
        let scale = actual.map(abs).max() ?? 0
        // Every element of a small problem; of a larger one 60 that fall into all of q, k, v and their blocks.
        let step = max(1, qkv.count / 60 | 1)
        for index in stride(from: 0, to: qkv.count, by: step) {
            let expected = slope({ dot(naive.forward($0).out, dy) }, at: qkv, index)
            #expect(abs(Double(actual[index]) - expected) < 3e-6 * Double(1 + scale), "\(shape) \(index)")
        }
        #expect(actual.allSatisfy { $0.isFinite })
    }

    /// Heads side by side, each thread with products of its own.
    @Test(arguments: shapes) mutating func `heads that threads share out agree with the definition`(
        shape: AttentionShape
    ) {
        lab = Lab(threads: 3)
        `the forward pass agrees with its definition`(shape: shape)
        `the backward pass agrees with its definition's gradients`(shape: shape)
    }

    @Test func `large scores do not overflow`() {
        let shape = AttentionShape(batch: 1, sequence: 20, heads: 1, headWidth: 4, causal: true)
        let qkv = numbers(shape.sequence * 3 * shape.width, seed: 1, scale: 40)
        let (out, sums) = (lab.garbage([20, 4]), lab.garbage([20]))
        lab.backend.attention(lab.tensor(qkv), into: out, logSumExp: sums, shape, scratch: scratch(shape))
        let expected = NaiveAttention(shape: shape).forward(qkv)
        #expect(lab.floats(sums).max() ?? 0 > 100)
        expectClose(lab.floats(sums), expected.logSumExp)
        expectClose(lab.floats(out), expected.out, tolerance: 1e-4)
    }

    @Test func `under a causal mask later positions change no earlier ones`() {
        let shape = AttentionShape(batch: 1, sequence: 70, heads: 2, headWidth: 8, causal: true)
        var qkv = numbers(shape.sequence * 3 * shape.width, seed: 1)
        func output() -> [Float] {
            let out = lab.garbage([shape.sequence, shape.width])
            lab.backend.attention(
                lab.tensor(qkv), into: out, logSumExp: lab.garbage([2 * shape.sequence]), shape,
                scratch: scratch(shape))
            return lab.floats(out)
        }
        let before = output()
        for index in 50 * 3 * shape.width..<qkv.count { qkv[index] = -qkv[index] }
        let after = output()
        #expect(before[..<(50 * shape.width)] == after[..<(50 * shape.width)])
        #expect(before[(50 * shape.width)...] != after[(50 * shape.width)...])
    }
}
