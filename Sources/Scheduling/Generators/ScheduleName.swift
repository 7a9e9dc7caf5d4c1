/// The schedules that are generated from a name.
public enum ScheduleName: String, Hashable, Sendable, CaseIterable {
    /// 1F1B (PipeDream, 1806.03377): a warm-up of forwards, then one forward, one backward.
    case oneForwardOneBackward = "1f1b"
    /// GPipe (1811.06965): all forwards, then all backwards; every stage holds all micro-batches.
    case gpipe
    /// Interleaved 1F1B (Megatron-LM, 2104.04473): each rank owns v stages, for a bubble of about 1/v.
    case interleaved
    /// ZB-H1 (Zero Bubble, 2401.10241): backwards in halves, at about 1F1B's memory.
    case zeroBubbleH1 = "zb-h1"
    /// ZB-H2 (Zero Bubble, 2401.10241): a longer warm-up, up to twice 1F1B's memory, nearly no bubble without a
    /// barrier.
    case zeroBubbleH2 = "zb-h2"
    /// ZB-V (Zero Bubble, 2401.10241): two stages for each rank, folded in a V, at 1F1B's activations; no bubble without a
    /// barrier.
    case zeroBubbleV = "zb-v"
    /// V-Half (2405.15362): ZB-V's stages at about half its memory.
    case vHalf = "v-half"

    /// How many stages each rank may own.
    public var virtualStages: ClosedRange<Int> {
        switch self {
        case .gpipe, .oneForwardOneBackward, .zeroBubbleH1, .zeroBubbleH2: 1...1
        case .interleaved: 1...1024
        case .zeroBubbleV, .vHalf: 2...2
        }
    }

    /// How many it has unless told.
    public var usualVirtualStages: Int { min(virtualStages.upperBound, 2) }
}
