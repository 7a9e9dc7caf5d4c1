/// Where a rank's time goes; together they make up its wall time.
public enum Category: String, Codable, Hashable, Sendable, CaseIterable, CodingKeyRepresentable {
    /// Forward passes.
    case forward
    /// Backward passes whose two halves run as one.
    case backward
    /// Input-gradient halves of backwards that are split.
    case backwardInput = "backward_input"
    /// Weight-gradient halves of backwards that are split.
    case backwardWeight = "backward_weight"
    /// Running a forward again before its backward, for activations that were not kept.
    case recompute
    /// Passes over positions that hold no token: of all passes the share that padding has in the step's positions. The
    /// categories above are without it.
    case padding
    /// The optimizer's updates.
    case optimizer
    /// Waiting for the global gradient norm or another reduction over ranks, before the update.
    case gradientSync = "gradient_sync"
    /// Waiting for the data set's reader.
    case dataWait = "data_wait"
    /// Waiting that the schedule implies while the pipeline fills, were all stages equal and messages free.
    case warmUp = "warm_up"
    /// The same while it drains.
    case coolDown = "cool_down"
    /// Waiting because the stages' median times differ.
    case imbalance
    /// Waiting because some instruction took longer than its stage's median.
    case straggler
    /// Handing messages over, and waiting while one travels.
    case transfer
    /// Waiting for room to send.
    case backPressure = "back_pressure"
    /// Reporting each step to the coordinator, its events included: the cost of these accounts.
    case reporting
    /// Between events.
    case unattributed
}

extension Category {
    /// `warm-up`, as written in a report.
    public var title: String {
        switch self {
        case .backwardInput: "back-input"
        case .backwardWeight: "back-weight"
        case .gradientSync: "grad-sync"
        case .dataWait: "data-wait"
        case .warmUp: "warm-up"
        case .coolDown: "cool-down"
        case .backPressure: "back-press"
        case .unattributed: "other"
        default: rawValue
        }
    }

    /// Passes of the model, over padding too: what the ideal counts.
    public var isCompute: Bool {
        switch self {
        case .forward, .backward, .backwardInput, .backwardWeight, .recompute, .padding: true
        default: false
        }
    }

    /// Not working: what the bubble consists of.
    public var isIdle: Bool { !isCompute && self != .optimizer }
    /// Due to the stages, the messages or the data: avoidable.
    var isAvoidable: Bool {
        switch self {
        case .dataWait, .imbalance, .straggler, .transfer, .backPressure: true
        default: false
        }
    }
    /// Implied by the schedule, whatever the machine.
    public var isStructural: Bool { self == .warmUp || self == .coolDown }
}
