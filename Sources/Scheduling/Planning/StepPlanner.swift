/// Chooses where to cut layers into a schedule's stages so that its predicted step is as short as it can be.
///
/// A pure function of costs; `Partition.balanced` is the one for weights alone. The prediction is the simulated step, over
/// links that never fill, with transfers, updates and the barrier.
public struct StepPlanner: Sendable {
    let sums: LayerSums
    let links: LinkCosts
    /// By rank; nil: no limit.
    private(set) var memoryLimits: [Int]?
    let barrier: Double?
    let memory: StageMemoryModel?

    /// `apart` are links that differ from `link`, by the places of the pipeline; `memoryLimits` are bytes by rank; `barrier` is
    /// as in `StepEnd`; without `memory`, a stage takes what its layers do. Throws where a cost is no finite number ≥ 0.
    public init(
        layers: [LayerCost], link: LinkCost = .free, apart: [LinkCosts.Pair: LinkCost] = [:],
        memoryLimits: [Int]? = nil, barrier: Double? = nil, memory: StageMemoryModel? = nil
    ) throws(PlanError) {
        sums = try LayerSums(layers)
        for link in [link] + apart.values {
            guard link.latency.isFinite && link.latency >= 0 else {
                throw .argument("latency", expected: "a finite number of at least 0", got: "\(link.latency)")
            }
            guard link.bytesPerSecond > 0 else {
                throw .argument("bytes per second", expected: "more than 0", got: "\(link.bytesPerSecond)")
            }
        }
        guard (barrier ?? 0).isFinite && (barrier ?? 0) >= 0 else {
            throw .argument("barrier", expected: "a finite number of at least 0", got: "\(barrier ?? 0)")
        }
        if let limit = memoryLimits?.first(where: { $0 < 0 }) {
            throw .argument("memory limit", expected: "at least 0", got: "\(limit)")
        }
        links = LinkCosts(link, apart: apart)
        self.memoryLimits = memoryLimits
        self.barrier = barrier
        self.memory = memory
    }

    /// What a step with these cuts would take and hold, whether or not it fits.
    public func predict(_ schedule: Schedule, cuts: [Int]) throws(PlanError) -> StepPlan {
        let bounds = [0] + cuts + [sums.layerCount]
        guard cuts.count == schedule.stageCount - 1, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .argument(
                "cuts", expected: "\(schedule.stageCount - 1), increasing, in 1 … \(sums.layerCount - 1)",
                got: "\(cuts)")
        }
        return try StepModel(schedule, self).plan(cuts: cuts)
    }

    /// The same where it fits.
    /// - Throws: `PlanError.memory` where a rank holds more than it may.
    func fit(_ schedule: Schedule, cuts: [Int]) throws(PlanError) -> StepPlan {
        let plan = try predict(schedule, cuts: cuts)
        guard let limits = memoryLimits else { return plan }
        let worst = limits.indices.max { plan.memoryOfRank[$0] - limits[$0] < plan.memoryOfRank[$1] - limits[$1] } ?? 0
        guard plan.memoryOfRank[worst] > limits[worst] else { return plan }
        throw .memory(
            PlanError.Shortage(
                schedule: schedule.name, rank: worst, neededBytes: plan.memoryOfRank[worst],
                limitBytes: limits[worst]))
    }

    /// Seconds that a step takes at least, whatever the cuts and their memory: exactly where there are few ways to cut,
    /// else a bound, within some percent of the best cuts' as a rule; nil where there are many and ranks own several stages.
    public func leastSeconds(_ schedule: Schedule) throws(PlanError) -> Double? {
        try checkLayers(schedule)
        var unlimited = self
        unlimited.memoryLimits = nil
        let model = try StepModel(schedule, unlimited)
        var search = CutSearch(model, effort: .full)
        if try search.tryEvery() { return search.best?.seconds }
        return model.ownsOneStageEach ? StepBound(model).least()?.seconds : nil
    }

    /// The best cuts that fit.
    ///
    /// Every way to cut is tried where there are few. Otherwise dynamic programmes find the cuts whose slowest stage is
    /// fastest among those that fit, exactly where each rank owns one stage: by the lower bound per stage
    /// (`leastSeconds`), and by simpler measures of its passes, transfers and the pipeline's filling. From each of
    /// these, cuts are moved while that makes the simulated step shorter. Where ranks own several stages, memory is shared
    /// out among these beforehand.
    ///
    /// Throws `PlanError.memory` where nothing fits: with one stage for each rank this is certain, otherwise nothing was
    /// found.
    public func plan(_ schedule: Schedule) throws(PlanError) -> StepPlan {
        try plan(schedule, effort: .full)
    }

    /// How much simulating a plan may cost.
    package enum Effort {
        case brief
        case full

        /// Instructions to simulate: some milliseconds' or a quarter of a second's.
        var instructions: Int { self == .full ? 4_000_000 : 100_000 }
        /// How often to restart from cuts a few random moves away from the best.
        var kicks: Int { self == .full ? 32 : 0 }
        /// Ways to cut that are all tried, where the instructions suffice.
        static let enumerated = 4096
    }

    /// The same with so much effort.
    package func plan(_ schedule: Schedule, effort: Effort) throws(PlanError) -> StepPlan {
        try checkLayers(schedule)
        var search = CutSearch(try StepModel(schedule, self), effort: effort)
        try search.run()
        guard let best = search.best, best.excess == 0 else { throw .memory(try search.shortage()) }
        return try search.model.plan(cuts: best.cuts)
    }

    private func checkLayers(_ schedule: Schedule) throws(PlanError) {
        guard schedule.stageCount <= sums.layerCount else {
            throw .argument(
                "layers", expected: "at least one for each of \(schedule.stageCount) stages",
                got: "\(sums.layerCount)")
        }
    }
}
