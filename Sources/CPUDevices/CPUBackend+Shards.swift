import CKernels
public import Tensors

extension CPUBackend {
    public func crossEntropyPart(_ logits: Tensor, targets: Tensor, first: Int, into parts: Tensor) {
        let (rows, classes) = (logits.shape.rows, logits.shape.width)
        let classIDs = targets.i32("crossEntropyPart", count: rows)
        let values = logits.floats("crossEntropyPart", logits.dtype, count: rows * classes)
        let results = parts.f32("crossEntropyPart", count: 3 * rows)
        threads.split(rows, of: classes) { part in
            let start = part.lowerBound
            ck_cross_entropy_part(
                logits.dtype.kernel, values + start * classes * logits.dtype.size, classIDs + start, Int64(first),
                results + 3 * start, part.count, classes)
        }
    }

    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, first: Int, parts: Tensor, ignoreIndex: Int, normaliser: Tensor,
        rowLosses: Tensor, gradientScale: Float
    ) {
        let (rows, classes) = (logits.shape.rows, logits.shape.width)
        guard rows > 0 else { return }
        let shards = parts.count / (3 * rows)
        let classIDs = targets.i32("crossEntropy", count: rows)
        let values = logits.floats("crossEntropy", logits.dtype, count: rows * classes)
        let all = parts.f32("crossEntropy", count: shards * 3 * rows)
        let (count, losses) = (normaliser.normaliser("crossEntropy"), rowLosses.f32("crossEntropy", count: rows))
        threads.split(rows, of: classes) { part in
            let start = part.lowerBound
            ck_cross_entropy_joined(
                logits.dtype.kernel, values + start * classes * logits.dtype.size, classIDs + start, Int64(first),
                all + 3 * start, shards, 3 * rows, Int64(ignoreIndex), count, Double(gradientScale), losses + start,
                part.count, classes)
        }
    }

    /// Samples draw as in `dropout` of whole rows.
    public func dropout(
        _ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int, columns: Range<Int>,
        of width: Int
    ) {
        let (count, dtype) = (x.count, x.dtype)
        let input = x.floats("dropout", dtype, count: count)
        let output = y.floats("dropout", dtype, count: count)
        let perSample = rowsPerSample * columns.count
        precondition(
            perSample > 0
                ? count % perSample == 0 && rowsPerSample * width <= Self.elementsPerSample
                    && columns.upperBound <= width
                : count == 0,
            "dropout: \(x.spec) is not columns \(columns) of whole samples of \(rowsPerSample) rows")
        threads.split(perSample > 0 ? count / perSample : 0, of: perSample) { samples in
            for sample in samples {
                var sampleKey = key.kernel
                sampleKey.sample &+= UInt32(truncatingIfNeeded: sample)
                let offset = sample * perSample * dtype.size
                ck_dropout_columns(
                    dtype.kernel, input + offset, output + offset, rowsPerSample, columns.count, columns.lowerBound,
                    width, Double(probability), sampleKey)
            }
        }
    }
}
