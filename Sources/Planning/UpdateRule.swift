/// What a rank waits for before its update.
package enum UpdateRule: Hashable, Sendable {
    /// Σ of all ranks' squares, which clipping and the loss scaler need; NaN where anything is not finite.
    case sum
    /// Word of all other ranks. The rank that is done last has it already: it was sent when the others were done.
    case all
    /// Its own gradients. Where schedules run weight gradients apart, a rank begins the next step before others have
    /// finished this one: waiting would cost their advantage. A rank whose gradients are not finite waits to hear
    /// whether everyone has stopped with it, as is usual: what is not finite spreads through the backward.
    case own
}
