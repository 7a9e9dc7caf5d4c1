import CPUDevices
public import Tensors

extension DetachedBackend {
    public func layerNorm(
        _ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {
        let (x, weight, bias, y, statistics) = (twin(x), twin(weight), twin(bias), twin(y), twin(statistics))
        run { $0.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: y, statistics: statistics) }
    }

    public func layerNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let (dy, x, weight, statistics, dx) = (twin(dy), twin(x), twin(weight), twin(statistics), twin(dx))
        run {
            $0.layerNormBackwardInput(
                dy, x: x, weight: weight, statistics: statistics, into: dx, accumulate: accumulate)
        }
    }

    public func layerNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor, dbias: Tensor?) {
        let (dy, x, statistics, dweight, dbias) = (twin(dy), twin(x), twin(statistics), twin(dweight), twin(dbias))
        run { $0.layerNormBackwardWeight(dy, x: x, statistics: statistics, dweight: dweight, dbias: dbias) }
    }

    public func rmsNorm(
        _ x: Tensor, weight: Tensor, unitOffset: Bool, epsilon: Float, into y: Tensor, statistics: Tensor
    ) {
        let (x, weight, y, statistics) = (twin(x), twin(weight), twin(y), twin(statistics))
        run {
            $0.rmsNorm(x, weight: weight, unitOffset: unitOffset, epsilon: epsilon, into: y, statistics: statistics)
        }
    }

    public func rmsNormBackwardInput(
        _ dy: Tensor, x: Tensor, weight: Tensor, unitOffset: Bool, statistics: Tensor, into dx: Tensor, accumulate: Bool
    ) {
        let (dy, x, weight, statistics, dx) = (twin(dy), twin(x), twin(weight), twin(statistics), twin(dx))
        run {
            $0.rmsNormBackwardInput(
                dy, x: x, weight: weight, unitOffset: unitOffset, statistics: statistics, into: dx,
                accumulate: accumulate)
        }
    }

    public func rmsNormBackwardWeight(_ dy: Tensor, x: Tensor, statistics: Tensor, dweight: Tensor) {
        let (dy, x, statistics, dweight) = (twin(dy), twin(x), twin(statistics), twin(dweight))
        run { $0.rmsNormBackwardWeight(dy, x: x, statistics: statistics, dweight: dweight) }
    }
}
