/// What all adapters of a model have in common, by PEFT's names.
package struct AdapterSettings: Hashable, Sendable {
    /// `r`: channels between A and B.
    package var rank: Int
    /// `lora_alpha`: what the adapters' outputs are multiplied by, over the rank.
    package var alpha: Double
    /// `lora_dropout`
    package var dropout: Double
    /// `use_rslora`: over the rank's root instead.
    package var isRankStabilised: Bool
    /// A regular expression: modules in whose names it is found; nil: every product but the head.
    package var targets: String?

    package init(rank: Int, alpha: Double, dropout: Double, isRankStabilised: Bool, targets: String?) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.isRankStabilised = isRankStabilised
        self.targets = targets
    }

    /// What B · A · x is multiplied by.
    package var scale: Double { alpha / (isRankStabilised ? Double(rank).squareRoot() : Double(rank)) }
}
