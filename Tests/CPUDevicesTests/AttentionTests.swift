import CPUDevices
import Tensors
import Testing

@Suite struct AttentionTests {
    var lab = Lab()
    static let shapes = plain + special

    private static let plain = [
        (1, 1, 1, 1), (2, 7, 2, 3), (1, 63, 1, 16), (2, 64, 1, 8), (1, 65, 2, 17), (1, 130, 1, 32),
    ].flatMap { batch, sequence, heads, headWidth in
        [false, true].map {
            AttentionShape(batch: batch, sequence: sequence, heads: heads, headWidth: headWidth, causal: $0)
        }
    }

    /// Heads of k and v that query heads share, windows, prefixes, other scales.
    static let special = [
        AttentionShape(batch: 2, sequence: 7, heads: 4, keyHeads: 2, headWidth: 3, causal: true, scale: 0.3),
        AttentionShape(batch: 1, sequence: 70, heads: 6, keyHeads: 2, headWidth: 5, causal: true),
        AttentionShape(batch: 1, sequence: 130, heads: 3, keyHeads: 1, headWidth: 8, causal: false),
        AttentionShape(batch: 1, sequence: 150, heads: 2, keyHeads: 1, headWidth: 8, causal: true, window: 20),
        AttentionShape(batch: 2, sequence: 70, heads: 3, keyHeads: 3, headWidth: 16, causal: true, window: 64),
        AttentionShape(batch: 1, sequence: 140, heads: 1, headWidth: 4, causal: true, window: 1),
        AttentionShape(batch: 1, sequence: 40, heads: 2, headWidth: 8, causal: true, window: 1000),
        AttentionShape(batch: 4, sequence: 9, heads: 2, keyHeads: 1, headWidth: 4, causal: true, hasPrefix: true),
        AttentionShape(batch: 2, sequence: 131, heads: 1, headWidth: 8, causal: true, hasPrefix: true),
    ]

    @Test(arguments: shapes) func `the forward pass agrees with its definition`(shape: AttentionShape) {
        let qkv = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1, scale: 2)
        let out = lab.garbage([shape.batch, shape.sequence, shape.width])
        let sums = lab.garbage([shape.batch, shape.heads, shape.sequence])
        lab.backend.attention(
            lab.tensor(qkv), prefix: lab.prefix(shape), into: out, logSumExp: sums, shape, scratch: lab.scratch(shape))
        let expected = NaiveAttention(shape: shape).forward(qkv)
        expectClose(lab.floats(out), expected.out)
        expectClose(lab.floats(sums), expected.logSumExp)
    }

    @Test(arguments: shapes) func `the backward pass agrees with its definition's gradients`(shape: AttentionShape) {
        let naive = NaiveAttention(shape: shape)
        let qkv = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1, scale: 2)
        let dy = numbers(shape.batch * shape.sequence * shape.width, seed: 2)
        let result = naive.forward(qkv)
        let gradient = lab.garbage([qkv.count])
        lab.backend.attentionBackward(
            lab.tensor(dy), qkv: lab.tensor(qkv), prefix: lab.prefix(shape), out: lab.tensor(result.out),
            logSumExp: lab.tensor(result.logSumExp), into: gradient, shape, scratch: lab.scratch(shape))
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
        let qkv = numbers(shape.sequence * shape.qkvWidth, seed: 1, scale: 40)
        let (out, sums) = (lab.garbage([20, 4]), lab.garbage([20]))
        lab.backend.attention(lab.tensor(qkv), into: out, logSumExp: sums, shape, scratch: lab.scratch(shape))
        let expected = NaiveAttention(shape: shape).forward(qkv)
        #expect(lab.floats(sums).max() ?? 0 > 100)
        expectClose(lab.floats(sums), expected.logSumExp)
        expectClose(lab.floats(out), expected.out, tolerance: 1e-4)
    }

    @Test func `under a causal mask later positions change no earlier ones`() {
        let shape = AttentionShape(batch: 1, sequence: 70, heads: 2, headWidth: 8, causal: true)
        var qkv = numbers(shape.sequence * shape.qkvWidth, seed: 1)
        func output() -> [Float] {
            let out = lab.garbage([shape.sequence, shape.width])
            lab.backend.attention(
                lab.tensor(qkv), into: out, logSumExp: lab.garbage([2 * shape.sequence]), shape,
                scratch: lab.scratch(shape))
            return lab.floats(out)
        }
        let before = output()
        for index in 50 * shape.qkvWidth..<qkv.count { qkv[index] = -qkv[index] }
        let after = output()
        #expect(before[..<(50 * shape.width)] == after[..<(50 * shape.width)])
        #expect(before[(50 * shape.width)...] != after[(50 * shape.width)...])
    }

    /// The definition in f64 has no blocks; these have several widths of them.
    @Test(arguments: [nil, 100], [false, true]) func `sequences beyond a thousand positions agree with the definition`(
        window: Int?, hasPrefix: Bool
    ) {
        let shape = AttentionShape(
            batch: 1, sequence: 1100, heads: 1, headWidth: 3, causal: true, window: hasPrefix ? nil : window,
            hasPrefix: hasPrefix)
        `the forward pass agrees with its definition`(shape: shape)
    }

    /// Sums over query heads that share a head of k and v have one order, whoever computes them.
    @Test(arguments: special, [DType.f32, .bf16, .f16]) func `results do not depend on the number of threads`(
        shape: AttentionShape, dtype: DType
    ) {
        let tokens = shape.batch * shape.sequence
        let (qkv, dy) = (numbers(tokens * shape.qkvWidth, seed: 1), numbers(tokens * shape.width, seed: 2))
        let results = [1, 2, 3, 5].map { threads in
            let lab = Lab(threads: threads)
            let (x, out, sums) = (
                lab.tensor(qkv, nil, dtype), lab.garbage([tokens, shape.width], dtype),
                lab.garbage([tokens * shape.heads])
            )
            let gradient = lab.garbage([tokens, shape.qkvWidth], dtype)
            let (prefix, scratch) = (lab.prefix(shape), lab.scratch(shape, dtype))
            lab.backend.attention(x, prefix: prefix, into: out, logSumExp: sums, shape, scratch: scratch)
            lab.backend.attentionBackward(
                lab.tensor(dy, nil, dtype), qkv: x, prefix: prefix, out: out, logSumExp: sums, into: gradient, shape,
                scratch: scratch)
            return lab.bytes(out) + lab.bytes(sums) + lab.bytes(gradient)
        }
        for result in results { #expect(result == results[0]) }
    }
}
