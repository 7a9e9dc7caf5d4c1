import Tensors

/// How one thread's scratch is divided, in f32 numbers.
struct AttentionScratch {
    /// In one head of q, and in one of k.
    private let queries: Int
    private let keys: Int
    /// What blocks take, and heads that are widened for them.
    private let work: Int
    /// The gradients of a head's k and v where they cannot be summed in place.
    private let sums: Int
    /// Those of one query head where several share k and v, and of all of them.
    private let partial: Int
    private let totals: Int

    init(_ shape: AttentionShape, _ dtype: DType) {
        let keyCount = max(shape.sequence, shape.capacity)
        queries = shape.sequence * shape.headWidth
        keys = keyCount * shape.headWidth
        let inPlace = AttentionBlocks.scratchCount(Self.key(shape, dtype, keys: shape.sequence))
        let widened = AttentionBlocks.scratchCount(Self.key(shape, .f32, keys: keyCount))
        let isShort = dtype != .f32
        let blocks = isShort ? max(inPlace, widened + 4 * queries + 2 * keys) : max(inPlace, widened)
        work = max(blocks, shape.capacity > 0 ? PositionHeads.scratchCount(shape) : 0)
        sums = isShort ? 2 * keys : 0
        partial = shape.group > 1 ? 2 * keys : 0
        totals = shape.group > 1 ? sums : 0
    }

    /// In whole cache lines.
    var byteCount: Int { (work + sums + partial + totals + 15) / 16 * 16 * MemoryLayout<Float>.size }

    /// What one part is given.
    struct Part {
        fileprivate let base: UnsafeMutablePointer<Float>
        fileprivate let layout: AttentionScratch
        private let headWidth: Int

        fileprivate init(_ base: UnsafeMutablePointer<Float>, _ layout: AttentionScratch, headWidth: Int) {
            self.base = base
            self.layout = layout
            self.headWidth = headWidth
        }

        /// What is computed where it lies.
        var inPlace: UnsafeMutablePointer<Float> { base }
        /// Widened heads of q, of the output and their gradients, of k and v, and the blocks that compute with them.
        var q: UnsafeMutablePointer<Float> { base }
        var dq: UnsafeMutablePointer<Float> { q + layout.queries }
        var y: UnsafeMutablePointer<Float> { dq + layout.queries }
        var dy: UnsafeMutablePointer<Float> { y + layout.queries }
        var k: UnsafeMutablePointer<Float> { dy + layout.queries }
        var v: UnsafeMutablePointer<Float> { k + layout.keys }
        var widened: UnsafeMutablePointer<Float> { v + layout.keys }

        var sums: AttentionBlocks.Sums { pair(layout.work) }
        var partial: AttentionBlocks.Sums { pair(layout.work + layout.sums) }
        var totals: AttentionBlocks.Sums { pair(layout.work + layout.sums + layout.partial) }

        private func pair(_ offset: Int) -> AttentionBlocks.Sums {
            AttentionBlocks.Sums(dk: base + offset, dv: base + offset + layout.keys, stride: headWidth)
        }
    }

    func part(_ index: Int, of scratch: UnsafeMutablePointer<Float>, headWidth: Int) -> Part {
        Part(scratch + index * byteCount / MemoryLayout<Float>.size, self, headWidth: headWidth)
    }

    /// Of dense heads, as wide as what they are widened to.
    static func key(_ shape: AttentionShape, _ dtype: DType, keys: Int, prefix: Int = 0) -> AttentionProducts.Key {
        AttentionProducts.Key(
            queries: shape.sequence, keys: keys, headWidth: shape.headWidth, causal: shape.causal,
            window: shape.window ?? 0, prefix: prefix, dtype: dtype, queryStride: shape.headWidth,
            keyStride: shape.headWidth, outputStride: shape.headWidth)
    }
}
