import Foundation
import Tensors

extension DoubleBackend {
    func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int { 2 * 4 * shape.sequence * shape.sequence }

    /// Nothing may lie where attention works: the scratch's first bytes, as many as it asks for.
    private func poison(scratch: Tensor, _ shape: AttentionShape) {
        let spec = TensorSpec([attentionScratch(shape, .f32) / 4])
        poison(Tensor(scratch.memory, offset: scratch.offset, spec: spec))
    }

    func attention(
        _ qkv: Tensor, prefix: Tensor?, into out: Tensor, logSumExp: Tensor, _ s: AttentionShape, scratch: Tensor
    ) {
        poison(scratch: scratch, s)
        let keys = Rows(values: slots(qkv), perSample: s.sequence, width: s.qkvWidth, start: s.width)
        attend(qkv, keys, first: 0, prefix, into: out, logSumExp, s)
    }

    func cachedAttention(
        _ qkv: Tensor, cache: Tensor, start: Int, prefix: Tensor?, into out: Tensor, logSumExp: Tensor,
        _ s: AttentionShape, scratch: Tensor
    ) {
        poison(scratch: scratch, s)
        let (input, stored) = (slots(qkv), slots(cache))
        for (b, position) in everyPosition(s) {
            for i in 0..<2 * s.keyWidth {
                stored[(b * s.capacity + start + position) * 2 * s.keyWidth + i] =
                    input[(b * s.sequence + position) * s.qkvWidth + s.width + i]
            }
        }
        let keys = Rows(values: stored, perSample: s.capacity, width: 2 * s.keyWidth, start: 0)
        attend(qkv, keys, first: start, prefix, into: out, logSumExp, s)
    }

    /// Rows of k, then v behind it.
    private struct Rows {
        let values: UnsafeMutableBufferPointer<Double>
        let perSample: Int
        let width: Int
        let start: Int

        /// Where a position's first number of k lies.
        func place(_ sample: Int, _ position: Int) -> Int { (sample * perSample + position) * width + start }
    }

    private func attend(
        _ qkv: Tensor, _ keys: Rows, first: Int, _ prefix: Tensor?, into out: Tensor, _ logSumExp: Tensor,
        _ s: AttentionShape
    ) {
        let (qkv, out, logSumExp) = (slots(qkv), slots(out), slots(logSumExp))
        for (b, head, row) in everyRow(s) {
            let q = (b * s.sequence + row) * s.qkvWidth + head * s.headWidth
            let k = head / s.group * s.headWidth
            let visible = visible(s, b, first + row, prefix)
            let scores = visible.map { column in
                dot(s, qkv, q, keys.values, keys.place(b, column) + k) * Double(s.scale)
            }
            let total = log(scores.reduce(0) { $0 + exp($1) })
            logSumExp[(b * s.heads + head) * s.sequence + row] = total
            for i in 0..<s.headWidth {
                out[(b * s.sequence + row) * s.width + head * s.headWidth + i] = zip(visible, scores).reduce(0) {
                    $0 + exp($1.1 - total) * keys.values[keys.place(b, $1.0) + s.keyWidth + k + i]
                }
            }
        }
    }

    /// The positions that the one at `position` sees.
    private func visible(_ s: AttentionShape, _ b: Int, _ position: Int, _ prefix: Tensor?) -> [Int] {
        guard s.causal else { return Array(0..<s.sequence) }
        let whole = prefix.map { Int(slots($0)[b * ($0.count / s.batch)]) } ?? 0
        return (0..<max(position + 1, min(whole, s.sequence))).filter { column in
            column < whole || (column <= position && column > position - (s.window ?? .max / 2))
        }
    }

    private func dot(
        _ s: AttentionShape, _ a: UnsafeMutableBufferPointer<Double>, _ i: Int,
        _ b: UnsafeMutableBufferPointer<Double>, _ j: Int
    ) -> Double {
        (0..<s.headWidth).reduce(0) { $0 + a[i + $1] * b[j + $1] }
    }

    /// dS = P ∘ (dO·Vᵀ − rows of dO·O)
    func attentionBackward(
        _ dout: Tensor, qkv: Tensor, prefix: Tensor?, out: Tensor, logSumExp: Tensor, into dqkv: Tensor,
        _ s: AttentionShape, scratch: Tensor
    ) {
        poison(scratch: scratch, s)
        zero(dqkv)
        let (dout, qkv, out, logSumExp, dqkv) = (slots(dout), slots(qkv), slots(out), slots(logSumExp), slots(dqkv))
        let scale = Double(s.scale)
        for (b, head, row) in everyRow(s) {
            let here = (b * s.sequence + row) * s.width + head * s.headWidth
            let sum = dot(s, dout, here, out, here)
            let total = logSumExp[(b * s.heads + head) * s.sequence + row]
            let q = (b * s.sequence + row) * s.qkvWidth + head * s.headWidth
            for column in visible(s, b, row, prefix) {
                let k = (b * s.sequence + column) * s.qkvWidth + s.width + head / s.group * s.headWidth
                let v = k + s.keyWidth
                let p = exp(dot(s, qkv, q, qkv, k) * scale - total)
                let dp = dot(s, dout, here, qkv, v)
                for i in 0..<s.headWidth {
                    dqkv[v + i] += p * dout[here + i]
                    dqkv[q + i] += p * (dp - sum) * scale * qkv[k + i]
                    dqkv[k + i] += p * (dp - sum) * scale * qkv[q + i]
                }
            }
        }
    }

    private func everyPosition(_ s: AttentionShape) -> [(Int, Int)] {
        (0..<s.batch).flatMap { b in (0..<s.sequence).map { (b, $0) } }
    }

    private func everyRow(_ s: AttentionShape) -> [(Int, Int, Int)] {
        (0..<s.heads).flatMap { head in everyPosition(s).map { ($0.0, head, $0.1) } }
    }

    // MARK: q and k before they meet

    /// Where each head of q and k begins, and whether it is one of q.
    private func eachHead(_ s: AttentionShape, _ body: (_ start: Int, _ row: Int, _ head: Int, _ isQuery: Bool) -> Void)
    {
        for row in 0..<s.batch * s.sequence {
            for head in 0..<s.heads + s.keyHeads {
                body(row * s.qkvWidth + head * s.headWidth, row, head, head < s.heads)
            }
        }
    }

    func headNorm(
        _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, epsilon: Float, into y: Tensor,
        statistics: Tensor, _ s: AttentionShape
    ) {
        copy(qkv, to: y)
        let (values, statistics) = (slots(y), slots(statistics))
        let (queryWeight, keyWeight) = (slots(queryWeight), slots(keyWeight))
        eachHead(s) { start, row, head, isQuery in
            let square = dot(s, values, start, values, start) / Double(s.headWidth)
            let inverse = 1 / (square + Double(epsilon)).squareRoot()
            statistics[row * (s.heads + s.keyHeads) + head] = inverse
            for i in 0..<s.headWidth {
                values[start + i] *= inverse * ((isQuery ? queryWeight : keyWeight)[i] + Double(offset))
            }
        }
    }

    func headNormBackward(
        _ dy: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, statistics: Tensor,
        dqueryWeight: Tensor, dkeyWeight: Tensor, _ s: AttentionShape
    ) {
        let (dy, qkv, statistics) = (slots(dy), slots(qkv), slots(statistics))
        let weights = [slots(keyWeight), slots(queryWeight)]
        let slopes = [slots(dkeyWeight), slots(dqueryWeight)]
        eachHead(s) { start, row, head, isQuery in
            let inverse = statistics[row * (s.heads + s.keyHeads) + head]
            let (weight, slope) = (weights[isQuery ? 1 : 0], slopes[isQuery ? 1 : 0])
            let normal = (0..<s.headWidth).map { qkv[start + $0] * inverse }
            for i in normal.indices { slope[i] += dy[start + i] * normal[i] }
            let g = normal.indices.map { dy[start + $0] * (weight[$0] + Double(offset)) }
            let mean = zip(g, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(s.headWidth)
            for i in normal.indices { dy[start + i] = (g[i] - normal[i] * mean) * inverse }
        }
    }

    func rotate(
        _ qkv: Tensor, _ rotation: Rotation, positions: Tensor?, start: Int, backward: Bool, _ s: AttentionShape
    ) {
        let (values, places, pairs) = (slots(qkv), positions.map(slots), rotation.frequencies.count)
        eachHead(s) { begin, row, _, _ in
            let (b, token) = row.quotientAndRemainder(dividingBy: s.sequence)
            for plane in 0..<rotation.planes {
                let place = places.map { $0[b * (1 + 2 * s.sequence) + 1 + plane * s.sequence + token] }
                for pair in 0..<pairs {
                    // As defined: the angle is an f32, whatever computes the rest.
                    let angle = Double(Float(place ?? Double(start + token)) * rotation.frequencies[pair])
                    let first = begin + plane * 2 * pairs + (rotation.pairs == .halves ? pair : 2 * pair)
                    let second = first + (rotation.pairs == .halves ? pairs : 1)
                    let (c, sine) = (cos(angle) * Double(rotation.amplitude), sin(angle) * Double(rotation.amplitude))
                    let (a, d, t) = (values[first], values[second], backward ? -sine : sine)
                    (values[first], values[second]) = (a * c - d * t, d * c + a * t)
                }
            }
        }
    }

    func prefixPositions(_ ids: Tensor, _ rule: PrefixRule, start: Int, cache: Tensor?, into positions: Tensor) {
        let (sequence, width) = (ids.shape[1], 1 + 2 * ids.shape[1])
        var out = Array(repeating: 0.0, count: ids.shape[0] * width)
        for b in 0..<ids.shape[0] {
            let row = read(ids)[b * sequence..<(b + 1) * sequence].map { Int($0) }
            var (count, mark): (Int?, Int?)
            if start > 0, let cache {
                (count, mark) = (Int(slots(cache)[2 * b]), Int(slots(cache)[2 * b + 1]))
            } else {
                count = row.firstIndex(of: rule.start)
                mark = rule.marks.lazy.compactMap { row.firstIndex(of: $0) }.first
            }
            let isPlain = count == nil || mark == nil || mark == -1
            if start == 0, let cache {
                slots(cache)[2 * b] = Double(isPlain ? 0 : count ?? 0)
                slots(cache)[2 * b + 1] = Double(isPlain ? -1 : mark ?? -1)
            }
            out[b * width] = Double(isPlain ? 0 : count ?? 0)
            for token in 0..<sequence {
                let index = start + token
                if !isPlain, let count, let mark, index >= count {
                    out[b * width + 1 + token] = Double(mark)
                    out[b * width + 1 + sequence + token] = Double(index - count + 1)
                } else {
                    out[b * width + 1 + token] = Double(index)
                }
            }
        }
        write(out, to: positions)
    }
}
