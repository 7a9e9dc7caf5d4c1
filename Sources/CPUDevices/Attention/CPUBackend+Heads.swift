import CKernels
public import Tensors

/// What happens to q and k before they meet.
extension CPUBackend {
    public func headNorm(
        _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, epsilon: Float, into y: Tensor,
        statistics: Tensor, _ shape: AttentionShape
    ) {
        let (tokens, dtype, heads) = (shape.batch * shape.sequence, qkv.dtype, shape.heads + shape.keyHeads)
        let input = qkv.floats("headNorm", dtype, count: tokens * shape.qkvWidth)
        let output = y.floats("headNorm", dtype, count: tokens * shape.qkvWidth)
        let moments = statistics.f32("headNorm", count: tokens * heads)
        let parts = HeadParts(shape, queryWeight, keyWeight)
        threads.split(tokens, of: shape.qkvWidth) { rows in
            let at = rows.lowerBound * shape.qkvWidth * dtype.size
            parts.each { part in
                let place = at + part.column * dtype.size
                ck_head_norm(
                    dtype.kernel, input + place, output + place, shape.qkvWidth, rows.count, part.heads,
                    shape.headWidth, part.weight, offset, epsilon, moments + rows.lowerBound * heads + part.firstHead,
                    heads)
            }
            guard input != output else { return }
            let values = at + (shape.width + shape.keyWidth) * dtype.size
            ck_convert_rows(
                dtype.kernel, input + values, shape.qkvWidth, dtype.kernel, output + values, shape.qkvWidth,
                rows.count, shape.keyWidth)
        }
    }

    public func headNormBackward(
        _ dy: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, statistics: Tensor,
        dqueryWeight: Tensor, dkeyWeight: Tensor, _ shape: AttentionShape
    ) {
        let (tokens, dtype, heads) = (shape.batch * shape.sequence, qkv.dtype, shape.heads + shape.keyHeads)
        let gradient = dy.floats("headNormBackward", dtype, count: tokens * shape.qkvWidth)
        let input = qkv.floats("headNormBackward", dtype, count: tokens * shape.qkvWidth)
        let moments = statistics.f32("headNormBackward", count: tokens * heads)
        let slopes = HeadParts(shape, dqueryWeight, dkeyWeight)
        threads.split(shape.headWidth, of: tokens * heads, alignment: 16) { columns in
            slopes.each { part in
                let place = part.column * dtype.size
                ck_head_norm_backward_weight(
                    dtype.kernel, gradient + place, input + place, shape.qkvWidth, tokens, part.heads, shape.headWidth,
                    moments + part.firstHead, heads, part.weight, columns.lowerBound, columns.count)
            }
        }
        let parts = HeadParts(shape, queryWeight, keyWeight)
        threads.split(tokens, of: shape.qkvWidth) { rows in
            parts.each { part in
                let place = (rows.lowerBound * shape.qkvWidth + part.column) * dtype.size
                ck_head_norm_backward_input(
                    dtype.kernel, gradient + place, input + place, gradient + place, shape.qkvWidth, rows.count,
                    part.heads, shape.headWidth, part.weight, offset,
                    moments + rows.lowerBound * heads + part.firstHead, heads)
            }
        }
    }

    public func rotate(
        _ qkv: Tensor, _ rotation: Rotation, positions: Tensor?, start: Int, backward: Bool, _ shape: AttentionShape
    ) {
        let (sequence, dtype, pairs) = (shape.sequence, qkv.dtype, rotation.frequencies.count)
        precondition(rotation.width <= shape.headWidth, "rotate: \(rotation.width) numbers of \(shape.headWidth)")
        precondition(rotation.planes == 1 || positions != nil, "rotate: \(rotation.planes) planes without positions")
        let x = qkv.floats("rotate", dtype, count: shape.batch * sequence * shape.qkvWidth)
        let row = 1 + 2 * sequence
        let places = positions?.i32("rotate", count: shape.batch * row)
        threads.split(sequence, of: shape.batch * shape.qkvWidth) { rows in
            rotation.frequencies.withUnsafeBufferPointer { frequencies in
                for plane in 0..<rotation.planes {
                    let kernel = ck_rotation(
                        frequencies: frequencies.baseAddress, pairs: pairs, first: plane * 2 * pairs,
                        amplitude: rotation.amplitude, sign: backward ? -1 : 1,
                        neighbours: rotation.pairs == .neighbours ? 1 : 0)
                    ck_rotate(
                        dtype.kernel, x + rows.lowerBound * shape.qkvWidth * dtype.size, shape.qkvWidth, rows.count,
                        shape.heads + shape.keyHeads, shape.headWidth, shape.batch, sequence * shape.qkvWidth,
                        places.map { $0 + 1 + plane * sequence + rows.lowerBound }, row,
                        Int64(start + rows.lowerBound), kernel)
                }
            }
        }
    }

    public func prefixPositions(
        _ ids: Tensor, _ rule: PrefixRule, start: Int, cache: Tensor?, into positions: Tensor
    ) {
        let (batch, sequence) = (ids.shape.rows, ids.shape.width)
        let values = ids.i32("prefixPositions", count: batch * sequence)
        let row = 1 + 2 * sequence
        let output = positions.i32("prefixPositions", count: batch * row)
        let stored = cache?.i32("prefixPositions", count: 2 * batch)
        for sample in 0..<batch {
            var prefix: (count: Int, mark: Int)
            if let stored, start > 0 {
                prefix = (Int(stored[2 * sample]), Int(stored[2 * sample + 1]))
            } else {
                prefix = rule.prefix(of: UnsafeBufferPointer(start: values + sample * sequence, count: sequence))
                stored?[2 * sample] = Int32(clamping: prefix.count)
                stored?[2 * sample + 1] = Int32(clamping: prefix.mark)
            }
            PrefixRule.write(
                prefix, first: start, into: UnsafeMutableBufferPointer(start: output + sample * row, count: row))
        }
    }
}

/// The heads of q, and those of k, with the weights of their norms or the gradients of these.
private struct HeadParts: @unchecked Sendable {
    struct Part {
        let heads: Int
        /// Where they begin in a row, and in a row of statistics.
        let column: Int
        let firstHead: Int
        let weight: UnsafeMutablePointer<Float>
    }

    private let query: Part
    private let key: Part

    init(_ shape: AttentionShape, _ query: Tensor, _ key: Tensor) {
        let width = shape.headWidth
        self.query = Part(heads: shape.heads, column: 0, firstHead: 0, weight: query.f32("headNorm", count: width))
        self.key = Part(
            heads: shape.keyHeads, column: shape.width, firstHead: shape.heads,
            weight: key.f32("headNorm", count: width))
    }

    func each(_ body: (Part) -> Void) {
        body(query)
        body(key)
    }
}
