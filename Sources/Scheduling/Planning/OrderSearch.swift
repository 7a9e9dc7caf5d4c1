/// Moves a schedule's instructions within their ranks while that makes a step shorter, by what its stages take.
///
/// Generators order passes that take equally long. Where stages differ, or the halves of a backward, ranks wait in between,
/// and the same passes in another order need not. Each stage keeps the order of its micro-batches in each kind of pass, so
/// that no bit depends on it.
struct OrderSearch {
    /// The best so far.
    private(set) var schedule: Schedule
    private(set) var plan: StepPlan
    private var time: Time
    private let planner: StepPlanner
    private let times: StageTimes
    private let linkTimes: [LinkTime]
    private let end: StepEnd
    /// By rank: the most bytes that it may take.
    private let limits: [Int]
    /// Instructions that may still be simulated.
    private var left: Int

    /// How many instructions one may pass at once.
    private static let reach = 6
    /// Some seconds' at most.
    private static let effort = 60_000_000
    /// Orders of more instructions are left as they are: few of their moves could be tried.
    private static let sizeLimit = 6_000

    /// How long a step takes, and all ranks together: a rank that comes to its end earlier may let others.
    private struct Time {
        var step: Double
        var sum: Double

        func isLess(than other: Time) -> Bool {
            // Sums in another order differ in their last digits.
            let limit = other.step * (1 - 1e-9)
            return step < limit || step <= other.step && sum < other.sum * (1 - 1e-9)
        }
    }

    /// Without limits of memory no rank may take more than the fullest does in the given order.
    init(_ schedule: Schedule, _ planner: StepPlanner, cuts: [Int]) throws(PlanError) {
        let model = try StepModel(schedule, planner)
        self.schedule = schedule
        self.planner = planner
        plan = try model.plan(cuts: cuts)
        (times, linkTimes, end) = (model.stageTimes(cuts), model.linkTimes(cuts), model.end(cuts: cuts))
        let most = plan.memoryOfRank.max() ?? 0
        limits = model.hasLimits ? model.limits : plan.memoryOfRank.map { _ in most }
        time = Time(step: plan.stepSeconds, sum: .infinity)
        left = Self.effort
    }

    mutating func run() throws(PlanError) {
        let places = schedule.ranks.indices.flatMap { rank in schedule.ranks[rank].indices.map { (rank, $0) } }
        guard places.count <= Self.sizeLimit else { return }
        // Round by round, until nothing has moved in a whole one.
        var (place, still) = (0, 0)
        while still < places.count, left > 0 {
            let moves = try move(rank: places[place].0, from: places[place].1)
            still = moves ? 0 : still + 1
            if !moves { place = (place + 1) % places.count }
        }
    }

    /// Takes an instruction to the nearest place where a step is shorter.
    private mutating func move(rank: Int, from index: Int) throws(PlanError) -> Bool {
        for direction in [-1, 1] {
            var order = schedule.ranks[rank]
            for distance in 1...Self.reach {
                let (here, there) = (index + (distance - 1) * direction, index + distance * direction)
                guard order.indices.contains(there), !order[here].keepsPlace(beside: order[there]) else { break }
                order.swapAt(here, there)
                if try take(order, rank) { return true }
            }
        }
        return false
    }

    /// - Returns: whether a step is shorter so, and fits.
    private mutating func take(_ order: [Instruction], _ rank: Int) throws(PlanError) -> Bool {
        var candidate = schedule
        candidate.ranks[rank] = order
        left -= plan.rankCount * order.count
        guard let simulator = try? Simulator(candidate, edges: Edge.chain(stages: candidate.stageCount)),
            let step = try? simulator.step(times: times, linkTimes: linkTimes)
        else { return false }
        let sum = step.end.indices.reduce(0) { $0 + step.end[$1] - step.begin[$1] }
        let time = Time(step: step.period(end), sum: sum)
        guard time.isLess(than: self.time) else { return false }
        let model = try StepModel(candidate, planner)
        guard zip(model.memory(cuts: plan.cuts), limits).allSatisfy({ $0 <= $1 }) else { return false }
        (schedule, self.time) = (candidate, time)
        plan = try model.plan(cuts: plan.cuts)
        return true
    }
}

extension Instruction {
    /// Whether one must stay before or behind the other: passes of one micro-batch follow from each other, and a stage takes
    /// its micro-batches in order, with each kind of pass.
    fileprivate func keepsPlace(beside other: Instruction) -> Bool {
        guard stage == other.stage else { return false }
        return microBatch == other.microBatch || pass.order == other.pass.order
            || pass == .backward && other.pass != .forward
            || other.pass == .backward && pass != .forward
    }
}

extension Pass {
    fileprivate var order: Int {
        switch self {
        case .forward: 0
        case .backward, .backwardInput: 1
        case .backwardWeight: 2
        }
    }
}

extension Schedule {
    private static let fitted = ", fitted"

    /// `zb-v, fitted`: what an order is called that was fitted to times, by the schedule that it comes from.
    public static func fittedName(of name: String) -> String { name + fitted }

    /// The schedule that a fitted order comes from; nil where the name is not one of a fitted order.
    public static func name(ofFitted name: String) -> ScheduleName? {
        name.hasSuffix(fitted) ? ScheduleName(rawValue: String(name.dropLast(fitted.count))) : nil
    }
}

extension StepPlanner {
    /// The same stages with their instructions in an order that makes a step shorter, as far as moves within ranks lead to
    /// one; the schedule itself where none does. No rank takes more memory than its limit, or without limits than the fullest
    /// takes in the given order.
    public func fitted(
        _ schedule: Schedule, cuts: [Int]
    ) throws(PlanError) -> (schedule: Schedule, plan: StepPlan) {
        var search = try OrderSearch(schedule, self, cuts: cuts)
        let given = search.plan
        try search.run()
        // Others may have been tried on the way that take as long.
        let isShorter = search.plan.stepSeconds < given.stepSeconds * (1 - 1e-9)
        return isShorter ? (search.schedule, search.plan) : (schedule, given)
    }
}
