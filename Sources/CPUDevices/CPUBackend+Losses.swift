import CKernels
public import Tensors

extension CPUBackend {
    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float
    ) {
        let (rows, classes) = (logits.shape.rows, logits.shape.width)
        let classIDs = targets.i32("crossEntropy", count: rows)
        let bad = ck_first_outside(classIDs, rows, Int64(classes), Int64(ignoreIndex))
        precondition(bad < 0, "crossEntropy: target \(classIDs[max(bad, 0)]) at \(bad) is outside 0 ..< \(classes)")
        let values = logits.floats("crossEntropy", logits.dtype, count: rows * classes)
        let (count, losses) = (normaliser.normaliser("crossEntropy"), rowLosses.f32("crossEntropy", count: rows))
        threads.split(rows, of: classes) { part in
            let first = part.lowerBound
            ck_cross_entropy(
                logits.dtype.kernel, values + first * classes * logits.dtype.size, classIDs + first,
                Int64(ignoreIndex), count, Double(gradientScale), losses + first, part.count, classes)
        }
    }

    public func meanSquaredError(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float
    ) {
        let (rows, width) = (prediction.shape.rows, prediction.shape.width)
        let values = prediction.floats("meanSquaredError", prediction.dtype, count: rows * width)
        let wanted = targets.f32("meanSquaredError", count: rows * width)
        let count = normaliser.normaliser("meanSquaredError")
        let losses = rowLosses.f32("meanSquaredError", count: rows)
        threads.split(rows, of: width) { part in
            let first = part.lowerBound
            ck_mean_squared_error(
                prediction.dtype.kernel, values + first * width * prediction.dtype.size, wanted + first * width, count,
                Double(gradientScale), losses + first, part.count, width)
        }
    }

    public func sum(_ x: Tensor) -> Double {
        ck_sum(x.dtype.kernel, x.floats("sum", x.dtype, count: x.count), x.count)
    }

    public func sumOfSquares(_ x: Tensor) -> Double {
        ck_sum_of_squares(x.dtype.kernel, x.floats("sumOfSquares", x.dtype, count: x.count), x.count)
    }
}
