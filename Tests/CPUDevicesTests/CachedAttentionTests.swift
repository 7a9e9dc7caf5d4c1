import CPUDevices
import Tensors
import Testing

/// Attention over earlier positions that a cache holds, and the positions behind a prefix.
@Suite struct CachedAttentionTests {
    private static let shapes = [
        AttentionShape(batch: 2, sequence: 90, heads: 4, keyHeads: 2, headWidth: 6, causal: true, capacity: 96),
        AttentionShape(
            batch: 1, sequence: 90, heads: 3, keyHeads: 1, headWidth: 16, causal: true, window: 9, capacity: 90),
        AttentionShape(batch: 2, sequence: 90, heads: 1, headWidth: 8, causal: true, hasPrefix: true, capacity: 200),
        AttentionShape(batch: 1, sequence: 90, heads: 7, keyHeads: 1, headWidth: 42, causal: true, capacity: 91),
    ]

    private struct Example: Sendable {
        let shape: AttentionShape
        let dtype: DType
        let threads: Int
    }

    private static let examples = shapes.flatMap { shape in
        [DType.f32, .bf16, .f16].flatMap { dtype in
            [1, 2].map { Example(shape: shape, dtype: dtype, threads: $0) }
        }
    }

    /// Positions of each sample, of 90.
    private func rows<Number>(_ values: [Number], _ batch: Int, _ positions: Range<Int>) -> [Number] {
        let width = values.count / batch / 90
        var rows: [Number] = []
        for b in 0..<batch {
            let first = (b * 90 + positions.lowerBound) * width
            rows += values[first..<first + positions.count * width]
        }
        return rows
    }

    /// Short types: one pass rounds P, and later frames do not.
    @Test(arguments: examples) private func `positions in several frames come out as in one`(_ example: Example) {
        let (shape, dtype, lab) = (example.shape, example.dtype, Lab(threads: example.threads))
        let x = numbers(shape.batch * shape.sequence * shape.qkvWidth, seed: 1)
        let out = lab.garbage([shape.batch, shape.sequence, shape.width], dtype)
        let sums = lab.garbage([shape.batch * shape.heads * shape.sequence])
        lab.backend.attention(
            lab.tensor(x, nil, dtype), prefix: lab.prefix(shape), into: out, logSumExp: sums, shape,
            scratch: lab.scratch(shape, dtype))
        let whole = lab.floats(out).map(Double.init)

        let cache = lab.garbage([shape.batch, shape.capacity, 2 * shape.keyWidth], dtype)
        var start = 0
        for length in [60, 1, 1, 25, 3] {
            var part = shape
            part.sequence = length
            let qkv = lab.tensor(rows(x, shape.batch, start..<start + length), nil, dtype)
            let out = lab.garbage([shape.batch, length, shape.width], dtype)
            lab.backend.cachedAttention(
                qkv, cache: cache, start: start, prefix: lab.prefix(shape), into: out,
                logSumExp: lab.garbage([shape.batch * shape.heads * length]), part, scratch: lab.scratch(part, dtype))
            expectClose(
                lab.floats(out), rows(whole, shape.batch, start..<start + length),
                tolerance: dtype == .f32 ? 5e-7 : 2 * dtype.roundingError, "from \(start)")
            start += length
        }
    }

    private func positions(_ ids: [[Int]], _ rule: PrefixRule, start: Int = 0, cache: Tensor? = nil) -> [[Int32]] {
        let lab = Lab()
        let (batch, sequence) = (ids.count, ids[0].count)
        let out = lab.ids(Array(repeating: -1, count: batch * (1 + 2 * sequence)), [batch, 1 + 2 * sequence])
        lab.backend.prefixPositions(
            lab.ids(ids.flatMap { $0 }, [batch, sequence]), rule, start: start, cache: cache, into: out)
        let values = lab.elements(out, Int32.self)
        return (0..<batch).map { Array(values[$0 * (1 + 2 * sequence)..<($0 + 1) * (1 + 2 * sequence)]) }
    }

    @Test func `tokens behind the prefix stay at its mark and count in its block`() {
        let rule = PrefixRule(start: 7, marks: [5, 6])
        #expect(positions([[1, 5, 7, 2, 7]], rule) == [[2, 0, 1, 1, 1, 1, 0, 0, 1, 2, 3]])
        // The most wanted mark, wherever it stands.
        #expect(positions([[6, 7, 5]], rule) == [[1, 0, 2, 2, 0, 1, 2]])
        #expect(positions([[6, 7, 1]], rule) == [[1, 0, 0, 0, 0, 1, 2]])
        #expect(positions([[7, 5]], rule) == [[0, 1, 1, 1, 2]])
    }

    @Test func `rows without a start or a mark are plain, and no id traps`() {
        let plain: [Int32] = [0, 0, 1, 2, 0, 0, 0]
        #expect(
            positions([[1, 5, 6], [7, 7, 7], [-1, -5, 8]], PrefixRule(start: 7, marks: [5, 6])) == [
                plain, plain, plain,
            ])
        #expect(positions([[1, 5, 7]], PrefixRule(start: .max, marks: [5])) == [plain])
        #expect(positions([[1, 5, 7]], PrefixRule(start: 7, marks: [.min, 1 << 40])) == [plain])
        #expect(positions([[1, 5, 7]], PrefixRule(start: 7, marks: [])) == [plain])
    }

    @Test func `the first frame decides for those that follow`() {
        let (lab, rule) = (Lab(), PrefixRule(start: 7, marks: [5]))
        let cache = lab.ids([-9, -9, -9, -9], [2, 2])
        #expect(positions([[5, 7], [1, 2]], rule, cache: cache) == [[1, 0, 0, 0, 1], [0, 0, 1, 0, 0]])
        #expect(lab.elements(cache, Int32.self) == [1, 0, 0, -1])
        #expect(positions([[1], [7]], rule, start: 2, cache: cache) == [[1, 0, 2], [0, 2, 0]])
        #expect(positions([[7, 5], [7, 5]], rule, start: 3, cache: cache) == [[1, 0, 0, 3, 4], [0, 3, 4, 0, 0]])
    }
}
