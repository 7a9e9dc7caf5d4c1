/// The schedules that are generated from a name.
public enum ScheduleName: String, Hashable, Sendable, CaseIterable {
    case oneForwardOneBackward = "1f1b"
    case gpipe
    case interleaved
    case zeroBubbleH1 = "zb-h1"
    case zeroBubbleH2 = "zb-h2"
    case zeroBubbleV = "zb-v"
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
