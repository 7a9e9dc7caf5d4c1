import CKernels
public import Tensors

extension CPUBackend {
    public func fill(_ x: Tensor, _ distribution: Distribution, key: RandomKey) {
        let (values, count) = (x.floats("fill", x.dtype, count: x.count), x.count)
        precondition(count <= Self.elementsPerSample, "fill of \(x.spec)")
        switch distribution {
        case .constant(let value): ck_fill_constant(x.dtype.kernel, values, count, value)
        case .uniform(let low, let high): ck_fill_uniform(x.dtype.kernel, values, count, low, high, key.kernel)
        case .normal(let mean, let deviation):
            ck_fill_normal(x.dtype.kernel, values, count, mean, deviation, key.kernel)
        }
    }

    /// Sample i of x draws from `key.sample + i`, so that its mask does not depend on who shares its micro-batch.
    public func dropout(_ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int) {
        let (count, dtype) = (x.count, x.dtype)
        let input = x.floats("dropout", dtype, count: count)
        let output = y.floats("dropout", dtype, count: count)
        let perSample = rowsPerSample * x.shape.width
        precondition(
            perSample > 0 ? count % perSample == 0 && perSample <= Self.elementsPerSample : count == 0,
            "dropout: \(x.spec) is not whole samples of \(rowsPerSample) rows")
        threads.split(perSample > 0 ? count / perSample : 0, of: perSample) { samples in
            for sample in samples {
                var sampleKey = key.kernel
                sampleKey.sample &+= UInt32(truncatingIfNeeded: sample)
                let offset = sample * perSample * dtype.size
                ck_dropout(dtype.kernel, input + offset, output + offset, perSample, Double(probability), sampleKey)
            }
        }
    }

    /// How many elements a sample's counter can tell apart.
    static var elementsPerSample: Int { 4 << 31 }
}

extension RandomKey {
    var kernel: ck_random_key { ck_random_key(seed: seed, sample: sample, layer: layer, step: step) }
}
