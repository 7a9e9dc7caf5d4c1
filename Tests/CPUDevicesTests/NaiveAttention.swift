import CPUDevices
import Glibc
import Tensors

/// softmax(scale · q kᵀ) v in f64, written out.
struct NaiveAttention {
    var shape: AttentionShape

    /// How many first positions all of a sample's positions see: none, a few, all, more than there are.
    var prefixes: [Int] {
        (0..<shape.batch).map { shape.hasPrefix ? [shape.sequence / 2, 0, shape.sequence, 10_000][$0 % 4] : 0 }
    }

    /// Whether position t of sample b sees position s.
    private func sees(_ b: Int, _ t: Int, _ s: Int) -> Bool {
        guard shape.causal else { return true }
        return s < prefixes[b] || (s <= t && s + (shape.window ?? shape.sequence) > t)
    }

    func forward(_ qkv: [Double]) -> (out: [Double], logSumExp: [Double]) {
        let (sequence, headWidth, prefixes) = (shape.sequence, shape.headWidth, prefixes)
        var out = [Double](repeating: 0, count: shape.batch * sequence * shape.width)
        var sums: [Double] = []
        for b in 0..<shape.batch {
            for h in 0..<shape.heads {
                let key = shape.width + h / (shape.heads / shape.keyHeads) * headWidth
                let value = key + shape.keyHeads * headWidth
                func row(_ t: Int) -> Int { (b * sequence + t) * shape.qkvWidth }
                for t in 0..<sequence {
                    let end = shape.causal ? max(t + 1, min(prefixes[b], sequence)) : sequence
                    let visible = (0..<end).filter { sees(b, t, $0) }
                    let scores = visible.map { s in
                        (0..<headWidth).reduce(0) {
                            $0 + qkv[row(t) + h * headWidth + $1] * qkv[row(s) + key + $1]
                        } * Double(shape.scale)
                    }
                    let top = scores.max() ?? 0
                    let sum = scores.reduce(0) { $0 + exp($1 - top) }
                    sums.append(top + log(sum))
                    for (s, score) in zip(visible, scores) {
                        let p = exp(score - top) / sum
                        for i in 0..<headWidth {
                            out[(b * sequence + t) * shape.width + h * headWidth + i] += p * qkv[row(s) + value + i]
                        }
                    }
                }
            }
        }
        return (out, sums)
    }
}

extension Lab {
    func scratch(_ shape: AttentionShape, _ dtype: DType = .f32) -> Tensor {
        garbage([backend.attentionScratch(shape, dtype) / 4])
    }

    /// As `NaiveAttention` has them, in the first column of a wider tensor; nil where the shape has none.
    func prefix(_ shape: AttentionShape) -> Tensor? {
        guard shape.hasPrefix else { return nil }
        return ids(NaiveAttention(shape: shape).prefixes.flatMap { [$0, -7, 1_000_000] }, [shape.batch, 3])
    }
}
