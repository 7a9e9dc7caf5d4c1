internal import CKernels

extension CPUBackend {
    public func layerNorm(
        _ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        ck_layer_norm(
            x.dtype.kernel, x.floats("layerNorm", x.dtype, count: rows * width), weight.f32("layerNorm", count: width),
            bias?.f32("layerNorm", count: width), epsilon, y.floats("layerNorm", x.dtype, count: rows * width),
            statistics.f32("layerNorm", count: rows * 2), rows, width)
    }

    public func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        ck_layer_norm_backward_input(
            x.dtype.kernel, dy.floats("layerNormBackward", x.dtype, count: rows * width),
            x.floats("layerNormBackward", x.dtype, count: rows * width),
            weight.f32("layerNormBackward", count: width), statistics.f32("layerNormBackward", count: rows * 2),
            dx.floats("layerNormBackward", x.dtype, count: rows * width), rows, width, accumulate ? 1 : 0)
    }

    public func layerNormBackwardWeight(
        _ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?
    ) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        ck_layer_norm_backward_weight(
            x.dtype.kernel, dy.floats("layerNormBackward", x.dtype, count: rows * width),
            x.floats("layerNormBackward", x.dtype, count: rows * width),
            statistics.f32("layerNormBackward", count: rows * 2), dweight.f32("layerNormBackward", count: width),
            dbias?.f32("layerNormBackward", count: width), rows, width)
    }

    public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, into y: Tensor, statistics: Tensor) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        ck_rms_norm(
            x.dtype.kernel, x.floats("rmsNorm", x.dtype, count: rows * width), weight.f32("rmsNorm", count: width),
            epsilon,
            y.floats("rmsNorm", x.dtype, count: rows * width), statistics.f32("rmsNorm", count: rows), rows, width)
    }

    public func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        ck_rms_norm_backward_input(
            x.dtype.kernel, dy.floats("rmsNormBackward", x.dtype, count: rows * width),
            x.floats("rmsNormBackward", x.dtype, count: rows * width),
            weight.f32("rmsNormBackward", count: width), statistics.f32("rmsNormBackward", count: rows),
            dx.floats("rmsNormBackward", x.dtype, count: rows * width), rows, width, accumulate ? 1 : 0)
    }

    public func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        ck_rms_norm_backward_weight(
            x.dtype.kernel, dy.floats("rmsNormBackward", x.dtype, count: rows * width),
            x.floats("rmsNormBackward", x.dtype, count: rows * width),
            statistics.f32("rmsNormBackward", count: rows), dweight.f32("rmsNormBackward", count: width), rows, width)
    }
}
