import CKernels
public import Tensors

extension CPUBackend {
    public func layerNorm(
        _ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {
        let (rows, width, dtype) = (x.shape.rows, x.shape.width, x.dtype)
        let input = x.floats("layerNorm", dtype, count: rows * width)
        let output = y.floats("layerNorm", dtype, count: rows * width)
        let (scale, shift) = (weight.f32("layerNorm", count: width), bias?.f32("layerNorm", count: width))
        let moments = statistics.f32("layerNorm", count: rows * 2)
        threads.split(rows, of: width) { part in
            let at = part.lowerBound * width * dtype.size
            ck_layer_norm(
                dtype.kernel, input + at, scale, shift, epsilon, output + at, moments + 2 * part.lowerBound, part.count,
                width)
        }
    }

    public func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let (rows, width, dtype) = (x.shape.rows, x.shape.width, x.dtype)
        let gradient = dy.floats("layerNormBackward", dtype, count: rows * width)
        let input = x.floats("layerNormBackward", dtype, count: rows * width)
        let output = dx.floats("layerNormBackward", dtype, count: rows * width)
        let scale = weight.f32("layerNormBackward", count: width)
        let moments = statistics.f32("layerNormBackward", count: rows * 2)
        threads.split(rows, of: width) { part in
            let at = part.lowerBound * width * dtype.size
            ck_layer_norm_backward_input(
                dtype.kernel, gradient + at, input + at, scale, moments + 2 * part.lowerBound, output + at, part.count,
                width, accumulate ? 1 : 0)
        }
    }

    public func layerNormBackwardWeight(
        _ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?
    ) {
        let (rows, width, dtype) = (x.shape.rows, x.shape.width, x.dtype)
        let gradient = dy.floats("layerNormBackward", dtype, count: rows * width)
        let input = x.floats("layerNormBackward", dtype, count: rows * width)
        let moments = statistics.f32("layerNormBackward", count: rows * 2)
        let scale = dweight.f32("layerNormBackward", count: width)
        let shift = dbias?.f32("layerNormBackward", count: width)
        threads.split(width, of: rows, alignment: 64) { part in
            let (first, at) = (part.lowerBound, part.lowerBound * dtype.size)
            ck_layer_norm_backward_weight(
                dtype.kernel, gradient + at, input + at, width, moments, scale + first, shift.map { $0 + first }, rows,
                part.count)
        }
    }

    public func rmsNorm(
        _ x: Tensor, weight: Tensor, unitOffset: Bool, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {
        let (rows, width, dtype) = (x.shape.rows, x.shape.width, x.dtype)
        let input = x.floats("rmsNorm", dtype, count: rows * width)
        let output = y.floats("rmsNorm", dtype, count: rows * width)
        let (scale, moments) = (weight.f32("rmsNorm", count: width), statistics.f32("rmsNorm", count: rows))
        threads.split(rows, of: width) { part in
            let at = part.lowerBound * width * dtype.size
            ck_rms_norm(
                dtype.kernel, input + at, scale, unitOffset ? 1 : 0, epsilon, output + at, moments + part.lowerBound,
                part.count, width)
        }
    }

    public func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, unitOffset: Bool, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let (rows, width, dtype) = (x.shape.rows, x.shape.width, x.dtype)
        let gradient = dy.floats("rmsNormBackward", dtype, count: rows * width)
        let input = x.floats("rmsNormBackward", dtype, count: rows * width)
        let output = dx.floats("rmsNormBackward", dtype, count: rows * width)
        let scale = weight.f32("rmsNormBackward", count: width)
        let moments = statistics.f32("rmsNormBackward", count: rows)
        threads.split(rows, of: width) { part in
            let at = part.lowerBound * width * dtype.size
            ck_rms_norm_backward_input(
                dtype.kernel, gradient + at, input + at, scale, unitOffset ? 1 : 0, moments + part.lowerBound,
                output + at, part.count, width, accumulate ? 1 : 0)
        }
    }

    public func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor) {
        let (rows, width, dtype) = (x.shape.rows, x.shape.width, x.dtype)
        let gradient = dy.floats("rmsNormBackward", dtype, count: rows * width)
        let input = x.floats("rmsNormBackward", dtype, count: rows * width)
        let moments = statistics.f32("rmsNormBackward", count: rows)
        let scale = dweight.f32("rmsNormBackward", count: width)
        threads.split(width, of: rows, alignment: 64) { part in
            let (first, at) = (part.lowerBound, part.lowerBound * dtype.size)
            ck_rms_norm_backward_weight(
                dtype.kernel, gradient + at, input + at, width, moments, scale + first, rows, part.count)
        }
    }
}
