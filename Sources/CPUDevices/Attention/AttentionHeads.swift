import CKernels
import Tensors

/// The heads of a batch: for each head of k and v of each sample, the query heads that share it.
///
/// A head is computed where it lies. One whose type the processor does not multiply is widened into scratch, computed
/// there in f32, and its results rounded on the way back.
struct AttentionHeads: @unchecked Sendable {
    enum Pass {
        case forward(out: UnsafeMutableRawPointer, logSumExp: UnsafeMutablePointer<Float>)
        case backward(
            dout: UnsafeRawPointer, out: UnsafeRawPointer, logSumExp: UnsafePointer<Float>,
            dqkv: UnsafeMutableRawPointer)
    }

    /// Rows of k, then v behind it in each row.
    struct KeyRows {
        let address: UnsafeRawPointer
        /// Elements between rows.
        let stride: Int
        /// Rows between samples, and how many of them there are to see.
        let perSample: Int
        let count: Int
    }

    /// i32: how many first keys a sample's queries all see.
    struct Prefixes {
        let counts: UnsafePointer<Int32>
        let stride: Int
    }

    let shape: AttentionShape
    let dtype: DType
    /// Whether to compute heads where they lie.
    let isNative: Bool
    let qkv: UnsafeRawPointer
    let keys: KeyRows
    let prefixes: Prefixes?
    let pass: Pass
    /// How many threads share the work, and the scratch of each.
    let parts: Int
    private let scratch: UnsafeMutablePointer<Float>
    private let layout: AttentionScratch

    init(
        _ shape: AttentionShape, _ dtype: DType, isNative: Bool, qkv: UnsafeRawPointer, keys: KeyRows,
        prefixes: Prefixes?, _ pass: Pass, parts: Int, scratch: Tensor
    ) {
        layout = AttentionScratch(shape, dtype)
        let needed = layout.byteCount * parts
        precondition(scratch.byteCount >= needed, "attention needs \(needed) bytes of scratch, got \(scratch.spec)")
        self.shape = shape
        self.dtype = dtype
        self.isNative = isNative
        self.qkv = qkv
        self.keys = keys
        self.prefixes = prefixes
        self.pass = pass
        self.parts = parts
        self.scratch = scratch.address.assumingMemoryBound(to: Float.self)
    }

    func part(_ index: Int) -> AttentionScratch.Part {
        layout.part(index, of: scratch, headWidth: shape.headWidth)
    }

    private var isBackward: Bool {
        guard case .backward = pass else { return false }
        return true
    }

    /// One head of k and v of one sample, laid out for the query heads that share it.
    struct KeyHead {
        let index: Int
        fileprivate let sample: Int
        fileprivate let firstHead: Int
        fileprivate let isWidened: Bool
        fileprivate let blocks: AttentionBlocks
        fileprivate let keys: AttentionBlocks.Keys
    }

    /// Head `index` of k and v, counted over the batch.
    func keyHead(
        _ index: Int, _ scratch: AttentionScratch.Part, _ prepared: inout PreparedProducts
    ) -> KeyHead {
        let (sample, head) = index.quotientAndRemainder(dividingBy: shape.keyHeads)
        let prefix = prefix(sample)
        let step = AttentionProducts.Key.step(keys: keys.count, start: keys.count - shape.sequence)
        var key = AttentionScratch.key(shape, dtype, keys: keys.count, prefix: (prefix + step - 1) / step * step)
        let place = sample * keys.perSample * keys.stride + head * shape.headWidth
        let (k, v) = (keys.address + place * dtype.size, keys.address + (place + shape.keyWidth) * dtype.size)
        func made(_ blocks: AttentionBlocks, k: UnsafeRawPointer, v: UnsafeRawPointer, isWidened: Bool) -> KeyHead {
            KeyHead(
                index: index, sample: sample, firstHead: head * shape.group, isWidened: isWidened, blocks: blocks,
                keys: blocks.layOut(k: k, v: v, backward: isBackward))
        }
        if isNative {
            (key.queryStride, key.keyStride, key.outputStride) = (shape.qkvWidth, keys.stride, shape.width)
            let products = prepared.attention(key)
            if products.isComplete {
                let blocks = AttentionBlocks(
                    key, products, scale: shape.scale, prefix: prefix, scratch: scratch.inPlace)
                return made(blocks, k: k, v: v, isWidened: false)
            }
            key = AttentionScratch.key(shape, dtype, keys: keys.count, prefix: key.prefix)
        }
        key.dtype = .f32
        let blocks = AttentionBlocks(
            key, prepared.attention(key), scale: shape.scale, prefix: prefix, scratch: scratch.widened)
        widen(k, keys.stride, to: scratch.k, rows: keys.count)
        widen(v, keys.stride, to: scratch.v, rows: keys.count)
        return made(blocks, k: scratch.k, v: scratch.v, isWidened: true)
    }

    private func prefix(_ sample: Int) -> Int {
        guard let prefixes else { return 0 }
        return min(max(0, Int(prefixes.counts[sample * prefixes.stride])), keys.count)
    }

    /// Query head `member` of those that share the head of k and v. In the backward pass `sums` gains its part.
    func compute(
        _ member: Int, of head: KeyHead, into sums: AttentionBlocks.Sums?, _ scratch: AttentionScratch.Part,
        _ prepared: inout PreparedProducts
    ) {
        let (sequence, width, size) = (shape.sequence, shape.headWidth, dtype.size)
        let queryHead = head.firstHead + member
        let input = (head.sample * sequence * shape.qkvWidth + queryHead * width) * size
        let output = (head.sample * sequence * shape.width + queryHead * width) * size
        let row = (head.sample * shape.heads + queryHead) * sequence
        let blocks = head.blocks
        switch (pass, head.isWidened) {
        case (.forward(let out, let logSumExp), false):
            blocks.forward(
                q: qkv + input, head.keys, out: out + output, logSumExp: logSumExp + row, &prepared)
        case (.forward(let out, let logSumExp), true):
            widen(qkv + input, shape.qkvWidth, to: scratch.q, rows: sequence)
            blocks.forward(q: scratch.q, head.keys, out: scratch.y, logSumExp: logSumExp + row, &prepared)
            narrow(scratch.y, to: out + output, shape.width, rows: sequence)
        case (.backward(let dout, let out, let logSumExp, let dqkv), false):
            guard let sums else { preconditionFailure("a backward pass without sums") }
            blocks.backward(
                dout: dout + output, q: qkv + input, head.keys, out: out + output, logSumExp: logSumExp + row,
                dq: dqkv + input, into: sums, &prepared)
        case (.backward(let dout, let out, let logSumExp, let dqkv), true):
            guard let sums else { preconditionFailure("a backward pass without sums") }
            widen(qkv + input, shape.qkvWidth, to: scratch.q, rows: sequence)
            widen(out + output, shape.width, to: scratch.y, rows: sequence)
            widen(dout + output, shape.width, to: scratch.dy, rows: sequence)
            blocks.backward(
                dout: scratch.dy, q: scratch.q, head.keys, out: scratch.y, logSumExp: logSumExp + row, dq: scratch.dq,
                into: sums, &prepared)
            narrow(scratch.dq, to: dqkv + input, shape.qkvWidth, rows: sequence)
        }
    }

    /// y := x[rows × headWidth], whose rows lie `stride` apart.
    private func widen(_ x: UnsafeRawPointer, _ stride: Int, to y: UnsafeMutablePointer<Float>, rows: Int) {
        ck_convert_rows(dtype.kernel, x, stride, CK_F32, y, shape.headWidth, rows, shape.headWidth)
    }

    func narrow(_ x: UnsafeMutablePointer<Float>, to y: UnsafeMutableRawPointer, _ stride: Int, rows: Int) {
        ck_convert_rows(CK_F32, x, shape.headWidth, dtype.kernel, y, stride, rows, shape.headWidth)
    }
}
