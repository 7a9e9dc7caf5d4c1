import Runs

/// Where one rank's time went in one step; the parts sum to the wall time exactly.
public struct StepAccount: Hashable, Sendable {
    /// Number of the rank.
    public var rank: Int
    /// Number of the step, counted from 0.
    public var step: Int
    /// Nanoseconds of the coordinator's clock: where the rank's previous step ended, or, where there is none or it was
    /// not kept,
    /// the begin of the step's first event.
    public var start: Int64
    /// Nanoseconds of the coordinator's clock: the end of the step's last event.
    public var end: Int64
    /// Nanoseconds per category, indexed by the category's place in `Category.allCases`.
    private var times = [Int64](repeating: 0, count: Category.allCases.count)

    /// An account with zero in every category.
    public init(rank: Int, step: Int, start: Int64, end: Int64) {
        self.rank = rank
        self.step = step
        self.start = start
        self.end = end
    }

    /// Nanoseconds of one category.
    public subscript(_ category: Category) -> Int64 {
        get { times[category.index] }
        set { times[category.index] = newValue }
    }

    /// Nanoseconds of the whole step.
    public var wall: Int64 { end - start }
    /// Nanoseconds of the categories that are idle: the numerator of the bubble.
    public var idle: Int64 { Category.allCases.filter(\.isIdle).reduce(0) { $0 + self[$1] } }
    /// Nanoseconds of the categories that are computing: the denominator of the overhead.
    public var compute: Int64 { Category.allCases.filter(\.isCompute).reduce(0) { $0 + self[$1] } }
    /// Nanoseconds of all categories: `wall`, once the account is complete.
    public var sum: Int64 { times.reduce(0, +) }

    /// Takes what passes spent on padding out of their categories.
    /// - Parameter share: of the step's positions, those that hold no token; 0 to below 1.
    mutating func separate(padding share: Double) {
        guard share > 0 else { return }
        for category in Category.allCases where category.isCompute && category != .padding {
            let part = min(self[category], Int64(saturating: Double(self[category]) * share))
            self[category] -= part
            self[.padding] += part
        }
    }

    /// Throws where the accounts do not add up: no report is made of them.
    func check() throws {
        guard sum == wall, times.allSatisfy({ $0 >= 0 }) else {
            throw RunError.inconsistent(
                rank: rank, step: step, expected: "categories that sum to the wall time, \(wall) ns",
                got: "\(sum) ns, least \(times.min() ?? 0) ns")
        }
    }
}

extension Category {
    var index: Int {
        switch self {
        case .forward: 0
        case .backward: 1
        case .backwardInput: 2
        case .backwardWeight: 3
        case .recompute: 4
        case .padding: 5
        case .optimizer: 6
        case .gradientSync: 7
        case .dataWait: 8
        case .warmUp: 9
        case .coolDown: 10
        case .imbalance: 11
        case .straggler: 12
        case .transfer: 13
        case .backPressure: 14
        case .reporting: 15
        case .unattributed: 16
        }
    }
}
