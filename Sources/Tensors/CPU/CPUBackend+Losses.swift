internal import CKernels

extension CPUBackend {
    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, ignoreIndex: Int, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float
    ) {
        let (rows, classes) = (logits.shape.rows, logits.shape.width)
        let classIDs = targets.i32("crossEntropy", count: rows)
        let bad = ck_first_outside(classIDs, rows, Int64(classes), Int64(ignoreIndex))
        precondition(bad < 0, "crossEntropy: target \(classIDs[max(bad, 0)]) at \(bad) is outside 0 ..< \(classes)")
        ck_cross_entropy(
            logits.dtype.kernel, logits.floats("crossEntropy", logits.dtype, count: rows * classes), classIDs,
            Int64(ignoreIndex), normaliser.normaliser("crossEntropy"), Double(gradientScale),
            rowLosses.f32("crossEntropy", count: rows), rows, classes)
    }

    public func meanSquaredError(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float
    ) {
        let (rows, width) = (prediction.shape.rows, prediction.shape.width)
        ck_mean_squared_error(
            prediction.dtype.kernel, prediction.floats("meanSquaredError", prediction.dtype, count: rows * width),
            targets.f32("meanSquaredError", count: rows * width), normaliser.normaliser("meanSquaredError"),
            Double(gradientScale),
            rowLosses.f32("meanSquaredError", count: rows), rows, width)
    }

    public func sum(_ x: Tensor) -> Double {
        ck_sum(x.dtype.kernel, x.floats("sum", x.dtype, count: x.count), x.count)
    }

    public func sumOfSquares(_ x: Tensor) -> Double {
        ck_sum_of_squares(x.dtype.kernel, x.floats("sumOfSquares", x.dtype, count: x.count), x.count)
    }
}
