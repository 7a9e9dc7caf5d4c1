import Foundation
import Tensors

extension DoubleBackend {
    func embedding(_ ids: Tensor, token: Tensor, first: Int, position: Tensor?, scale: Float, into y: Tensor) {
        let (id, token, position) = (slots(ids), slots(token), position.map(slots))
        let (out, n, sequence) = (slots(y), y.shape.width, ids.shape[1])
        for i in out.indices {
            let own = (Int(id[i / n]) - first) * n + i % n
            let place = position?[i / n % sequence * n + i % n] ?? 0
            out[i] = token.indices.contains(own) ? Double(scale) * token[own] + place : 0
        }
    }

    func embeddingBackward(
        _ ids: Tensor, dy: Tensor, dtoken: Tensor, first: Int, dposition: Tensor?, scale: Float
    ) {
        let (id, dtoken, dposition) = (slots(ids), slots(dtoken), dposition.map(slots))
        let (out, n, sequence) = (slots(dy), dy.shape.width, ids.shape[1])
        for i in out.indices {
            let own = (Int(id[i / n]) - first) * n + i % n
            if dtoken.indices.contains(own) { dtoken[own] += Double(scale) * out[i] }
            dposition?[i / n % sequence * n + i % n] += out[i]
        }
    }

    func crossEntropyPart(_ logits: Tensor, targets: Tensor, first: Int, into parts: Tensor) {
        let (x, target, parts, n) = (slots(logits), read(targets), slots(parts), logits.shape.width)
        for row in 0..<logits.shape.rows {
            let own = Array(x[row * n..<(row + 1) * n])
            let (maximum, hit) = (own.max() ?? 0, Int(target[row]) - first)
            parts[3 * row] = maximum
            parts[3 * row + 1] = own.reduce(0) { $0 + exp($1 - maximum) }
            parts[3 * row + 2] = own.indices.contains(hit) ? own[hit] : 0
        }
    }

    func crossEntropy(
        _ logits: Tensor, targets: Tensor, first: Int, parts: Tensor, ignoreIndex: Int, normaliser: Tensor,
        rowLosses: Tensor, gradientScale: Float
    ) {
        let (x, target, parts, losses) = (slots(logits), read(targets), slots(parts), slots(rowLosses))
        let (rows, n, count) = (logits.shape.rows, logits.shape.width, read(normaliser)[0] / Double(gradientScale))
        for row in 0..<rows {
            let places = stride(from: 3 * row, to: parts.count, by: 3 * rows)
            let total = log(places.reduce(0) { $0 + parts[$1 + 1] * exp(parts[$1]) })
            let ignored = Int(target[row]) == ignoreIndex
            losses[row] = ignored ? 0 : total - places.reduce(0) { $0 + parts[$1 + 2] }
            for i in 0..<n {
                let hit: Double = first + i == Int(target[row]) ? 1 : 0
                x[row * n + i] = ignored ? 0 : (exp(x[row * n + i] - total) - hit) / count
            }
        }
    }

    func dropout(
        _ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int, columns: Range<Int>,
        of width: Int
    ) {
        let whole = Shape(x.shape.extents.dropLast() + [width])
        let all = Tensor(allocate(byteCount: 8 * whole.count), spec: TensorSpec(whole))
        write(Array(repeating: 0, count: whole.count), to: all)
        insertColumns(x, into: all, at: columns.lowerBound)
        dropout(all, into: all, probability: probability, key: key, rowsPerSample: rowsPerSample)
        extractColumns(all, from: columns.lowerBound, into: y)
    }
}
