/// The sizes of one attention over [batch, sequence, (heads + 2 · keyHeads) · headWidth], and who sees whom.
public struct AttentionShape: Hashable, Sendable {
    /// Samples of the micro-batch; none sees another.
    public var batch: Int
    /// Positions of a sample.
    public var sequence: Int
    /// Attentions side by side, each with `headWidth` channels of its own.
    public var heads: Int
    /// Heads of k and v, a divisor of `heads`: heads / keyHeads query heads that follow each other share one.
    public var keyHeads: Int
    /// Channels of each head's q, k and v.
    public var headWidth: Int
    /// Whether a position sees itself and earlier ones only.
    public var causal: Bool
    /// Under a causal mask, how many positions each sees: itself and the latest before it. nil: all.
    public var window: Int?
    /// What scores are multiplied by.
    public var scale: Float
    /// Whether calls say of each sample how many first positions all others see, whatever the causal mask says. There is
    /// no window then.
    public var hasPrefix: Bool
    /// Positions that the cache of `cachedAttention` holds; 0 where there is none.
    public var capacity: Int

    /// Sizes of at least 1; nothing checks them here. `keyHeads` is `heads`, and `scale` 1/√headWidth, unless given.
    public init(
        batch: Int, sequence: Int, heads: Int, keyHeads: Int? = nil, headWidth: Int, causal: Bool, window: Int? = nil,
        scale: Float? = nil, hasPrefix: Bool = false, capacity: Int = 0
    ) {
        self.batch = batch
        self.sequence = sequence
        self.heads = heads
        self.keyHeads = keyHeads ?? heads
        self.headWidth = headWidth
        self.causal = causal
        self.window = window
        self.scale = scale ?? 1 / Float(headWidth).squareRoot()
        self.hasPrefix = hasPrefix
        self.capacity = capacity
    }

    /// Channels of all query heads together: heads × headWidth.
    public var width: Int { heads * headWidth }
    /// Channels of all heads of k together, and of v.
    public var keyWidth: Int { keyHeads * headWidth }
    /// Channels of q, k and v together.
    public var qkvWidth: Int { width + 2 * keyWidth }
    /// How many query heads share one of k and v.
    public var group: Int { heads / keyHeads }
}
