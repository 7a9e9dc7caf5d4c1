import Foundation
import Tensors

extension DoubleBackend {
    // MARK: Normalisation

    func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor) {
        let (input, output, statistics) = (slots(x), slots(y), slots(statistics))
        let (weight, bias, n) = (slots(weight), bias.map(slots), x.shape.width)
        for row in 0..<x.shape.rows {
            let values = input[row * n..<(row + 1) * n]
            let mean = values.reduce(0, +) / Double(n)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
            let inverse = 1 / (variance + Double(epsilon)).squareRoot()
            (statistics[2 * row], statistics[2 * row + 1]) = (mean, inverse)
            for i in 0..<n {
                output[row * n + i] = (input[row * n + i] - mean) * inverse * weight[i] + (bias?[i] ?? 0)
            }
        }
    }

    /// dx = (g − mean(g) − x̂ · mean(g · x̂)) / σ with g = dy · weight
    func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let statistics = slots(statistics)
        normBackwardInput(dy, x, weight, into: dx, accumulate: accumulate, centred: true) {
            (mean: statistics[2 * $0], inverse: statistics[2 * $0 + 1])
        }
    }

    func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, unitOffset: Bool, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let statistics = slots(statistics)
        normBackwardInput(dy, x, weight, offset: unitOffset ? 1 : 0, into: dx, accumulate: accumulate, centred: false) {
            (mean: 0, inverse: statistics[$0])
        }
    }

    private func normBackwardInput(
        _ dy: Tensor, _ x: Tensor, _ weight: Tensor, offset: Double = 0, into dx: Tensor, accumulate: Bool,
        centred: Bool, _ statistics: (Int) -> (mean: Double, inverse: Double)
    ) {
        let (dy, input, weight, out, n) = (slots(dy), slots(x), slots(weight), slots(dx), x.shape.width)
        for row in 0..<x.shape.rows {
            let (mean, inverse) = statistics(row)
            let normal = (0..<n).map { (input[row * n + $0] - mean) * inverse }
            let g = (0..<n).map { dy[row * n + $0] * (weight[$0] + offset) }
            let meanG = centred ? g.reduce(0, +) / Double(n) : 0
            let meanGX = zip(g, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(n)
            for i in 0..<n {
                let value = (g[i] - meanG - normal[i] * meanGX) * inverse
                out[row * n + i] = value + (accumulate ? out[row * n + i] : 0)
            }
        }
    }

    func layerNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?) {
        let (dy, input, statistics, n) = (slots(dy), slots(x), slots(statistics), x.shape.width)
        let (dweight, dbias) = (slots(dweight), dbias.map(slots))
        for i in input.indices {
            let normal = (input[i] - statistics[2 * (i / n)]) * statistics[2 * (i / n) + 1]
            dweight[i % n] += dy[i] * normal
            dbias?[i % n] += dy[i]
        }
    }

    func rmsNorm(
        _ x: Tensor, weight: Tensor, unitOffset: Bool, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {
        let (input, output, n) = (slots(x), slots(y), x.shape.width)
        let weight = read(weight).map { unitOffset ? 1 + $0 : $0 }
        let statistics = slots(statistics)
        for row in 0..<x.shape.rows {
            let square = input[row * n..<(row + 1) * n].reduce(0) { $0 + $1 * $1 } / Double(n)
            statistics[row] = 1 / (square + Double(epsilon)).squareRoot()
            for i in 0..<n { output[row * n + i] = input[row * n + i] * statistics[row] * weight[i] }
        }
    }

    func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor) {
        let (dy, input, statistics, n) = (slots(dy), slots(x), slots(statistics), x.shape.width)
        let dweight = slots(dweight)
        for i in input.indices { dweight[i % n] += dy[i] * input[i] * statistics[i / n] }
    }

    // MARK: Embedding and losses

    func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, scale: Float, into y: Tensor) {
        let (id, token, position) = (slots(ids), slots(token), position.map(slots))
        let (out, n, sequence) = (slots(y), y.shape.width, ids.shape[1])
        for i in out.indices {
            let place = position?[i / n % sequence * n + i % n] ?? 0
            out[i] = Double(scale) * token[Int(id[i / n]) * n + i % n] + place
        }
    }

    func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?, scale: Float) {
        let (id, dtoken, dposition) = (slots(ids), slots(dtoken), dposition.map(slots))
        let (out, n, sequence) = (slots(dy), dy.shape.width, ids.shape[1])
        for i in out.indices {
            dtoken[Int(id[i / n]) * n + i % n] += Double(scale) * out[i]
            dposition?[i / n % sequence * n + i % n] += out[i]
        }
    }

    func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float
    ) {
        let (x, target, losses, n) = (slots(logits), read(targets), slots(rowLosses), logits.shape.width)
        let count = read(normaliser)[0] / Double(gradientScale)
        for row in 0..<logits.shape.rows {
            let ignored = Int(target[row]) == ignoreIndex
            let total = log(x[row * n..<(row + 1) * n].reduce(0) { $0 + exp($1) })
            losses[row] = ignored ? 0 : total - x[row * n + Int(target[row])]
            for i in 0..<n {
                let hit: Double = i == Int(target[row]) ? 1 : 0
                x[row * n + i] = ignored ? 0 : (exp(x[row * n + i] - total) - hit) / count
            }
        }
    }

    func meanSquaredError(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float
    ) {
        let (x, target, losses, n) = (slots(prediction), slots(targets), slots(rowLosses), prediction.shape.width)
        let count = read(normaliser)[0] / Double(gradientScale)
        zero(rowLosses)
        for i in x.indices {
            let difference = x[i] - target[i]
            losses[i / n] += difference * difference
            x[i] = 2 * difference / count
        }
    }
}
