extension Generator {
    /// How the next token is drawn from the model's logits: the filters of Hugging Face's `generate`, in its order.
    public struct Sampling: Sendable, Hashable {
        /// 0 takes the likeliest token each time.
        public var temperature: Double
        /// Only the k likeliest tokens are drawn from; nil: all.
        public var topK: Int?
        /// Only the likeliest tokens that together have this probability are drawn from; 1: all.
        public var topP: Double
        /// Only tokens at least so many times as likely as the likeliest are drawn from; 0: all.
        public var minP: Double
        /// Above 1, tokens that the text has already become less likely; 1: they do not.
        public var repetitionPenalty: Double
        /// The same seed draws the same tokens after the same prompt.
        public var seed: UInt64

        /// Temperature 0.8 among the 40 likeliest tokens, unless given.
        public init(
            temperature: Double = 0.8, topK: Int? = 40, topP: Double = 1, minP: Double = 0,
            repetitionPenalty: Double = 1, seed: UInt64 = 0
        ) {
            self.temperature = temperature
            self.topK = topK
            self.topP = topP
            self.minP = minP
            self.repetitionPenalty = repetitionPenalty
            self.seed = seed
        }
    }
}
