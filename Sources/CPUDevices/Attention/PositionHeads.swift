import CKernels
import Tensors

/// The heads of one new position of each sample, over a cache of all positions so far.
///
/// Query heads that share a head of k and v are rows against the same keys: no block of queries, no product of a
/// library, no copy of the keys, which are far more than all else.
struct PositionHeads: @unchecked Sendable {
    let shape: AttentionShape
    let dtype: DType
    /// Rows of all heads of q, then k and v of the new position.
    let qkv: UnsafeRawPointer
    let keys: AttentionHeads.KeyRows
    let out: UnsafeMutableRawPointer
    let logSumExp: UnsafeMutablePointer<Float>
    let parts: Int
    let scratch: UnsafeMutablePointer<Float>

    /// Query heads that are computed together.
    private static let rows = 4

    /// How many f32 of scratch a part takes: scores, sums of values, a factor for each row.
    static func scratchCount(_ shape: AttentionShape) -> Int { rows * (stride(shape.capacity) + shape.headWidth + 1) }

    private static func stride(_ keys: Int) -> Int { (keys + 15) / 16 * 16 }

    /// `scratchStride`: f32 numbers between the scratch of two parts.
    func run(on threads: ComputeThreads, scratchStride: Int) {
        let pieces = (shape.group + Self.rows - 1) / Self.rows
        threads.run(parts) { part in
            for task in Swift.stride(from: part, to: shape.batch * shape.keyHeads * pieces, by: parts) {
                compute(task / pieces, task % pieces * Self.rows, scratch + part * scratchStride)
            }
        }
    }

    /// Some query heads, from `first` on, of those that share head `index` of k and v, counted over the batch.
    private func compute(_ index: Int, _ first: Int, _ scratch: UnsafeMutablePointer<Float>) {
        let (sample, head) = index.quotientAndRemainder(dividingBy: shape.keyHeads)
        let (rows, width, size) = (min(Self.rows, shape.group - first), shape.headWidth, dtype.size)
        let seen = min(keys.count, shape.window ?? keys.count)
        let queryHead = head * shape.group + first
        let place = (sample * keys.perSample + keys.count - seen) * keys.stride + head * width
        let (k, v) = (keys.address + place * size, keys.address + (place + shape.keyWidth) * size)
        let stride = Self.stride(shape.capacity)
        let sums = scratch + Self.rows * stride
        let factors = sums + Self.rows * width
        ck_position_scores(
            dtype.kernel, qkv + (sample * shape.qkvWidth + queryHead * width) * size, width, k, keys.stride, scratch,
            stride, rows, seen, width)
        ck_softmax_rows(
            CK_F32, scratch, scratch, stride, rows, ck_mask(keys: seen, seen: 0, window: 0, prefix: 0), shape.scale,
            factors, logSumExp + sample * shape.heads + queryHead)
        ck_position_mix(dtype.kernel, scratch, stride, v, keys.stride, sums, rows, seen, width)
        ck_scale_rows(
            dtype.kernel, sums, out + (sample * shape.width + queryHead * width) * size, width, rows, width, factors)
    }
}
