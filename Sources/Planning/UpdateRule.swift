/// What a rank waits for before its update.
package enum UpdateRule: Hashable, Sendable {
    /// Σ of all ranks' squares, which clipping and the loss scaler need; NaN where anything is not finite.
    case sum
    /// A message that all other ranks are finite. The rank that finishes last already has it: it was sent when the others
    /// finished.
    case all
    /// Its own gradients. Where schedules run weight gradients apart, a rank begins the next step before others have
    /// finished this one: waiting would cost their advantage. A rank whose gradients are not finite waits for
    /// the others, which mostly stop in the same step: NaN spreads through the backward pass.
    case own
}
