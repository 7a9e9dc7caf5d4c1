/// Compares schedules, numbers of micro-batches and of stages, and ways to compute the layers, by tokens per second.
public struct PlanSearch: Sendable {
    /// One way to compute the layers: a size of micro-batch, with or without recomputation.
    public struct Alternative: Sendable {
        /// `recompute: none`, `recompute: stage`, …
        public var name: String
        public var layers: [LayerCost]
        public var tokensPerMicroBatch: Int
        /// The numbers of micro-batches to try.
        public var microBatches: [Int]
        public var memory: StageMemoryModel?

        public init(
            name: String, layers: [LayerCost], tokensPerMicroBatch: Int, microBatches: [Int],
            memory: StageMemoryModel? = nil
        ) {
            self.name = name
            self.layers = layers
            self.tokensPerMicroBatch = tokensPerMicroBatch
            self.microBatches = microBatches
            self.memory = memory
        }
    }

    public struct Choice: Hashable, Sendable {
        public let alternative: String
        public let plan: StepPlan
        public let tokensPerSecond: Double
    }

    public var ranks: Int
    public var alternatives: [Alternative]
    public var link: LinkCost
    public var memoryLimits: [Int]?
    public var barrier: Double?
    /// Names that `Schedule.named` knows.
    public var schedules = Schedule.names
    /// Stages of each rank to try where the schedule leaves that open.
    public var virtuals = [2, 3, 4]

    public init(
        ranks: Int, alternatives: [Alternative], link: LinkCost = .free, memoryLimits: [Int]? = nil,
        barrier: Double? = nil
    ) {
        self.ranks = ranks
        self.alternatives = alternatives
        self.link = link
        self.memoryLimits = memoryLimits
        self.barrier = barrier
    }

    /// The `count` choices with the most tokens per second, best first, among all that fit; fewer where fewer do.
    ///
    /// All are planned briefly, and the best twice as many thoroughly. Throws the smallest shortage of memory where
    /// none fits, and `PlanError.argument` where the layers are too few for every choice.
    public func best(_ count: Int = 5) throws(PlanError) -> [Choice] {
        var brief: [(choice: Choice, entry: Entry)] = []
        var shortage: PlanError.Shortage?
        for entry in try entries() {
            do { brief.append((try entry.choice(.brief), entry)) } catch {
                guard case .memory(let lack) = error else { throw error }
                if lack.missingBytes < shortage?.missingBytes ?? .max { shortage = lack }
            }
        }
        if brief.isEmpty, let shortage { throw .memory(shortage) }
        guard !brief.isEmpty else {
            throw .argument("layers", expected: "at least one for each stage of a schedule", got: "fewer")
        }
        brief.sort { $0.choice.isBetter(than: $1.choice) }
        var full: [Choice] = []
        for candidate in brief.prefix(2 * max(count, 0)) {
            full.append(try candidate.entry.choice(.full))
        }
        return Array(full.sorted { $0.isBetter(than: $1) }.prefix(max(count, 0)))
    }

    private struct Entry {
        var alternative: Alternative
        var planner: StepPlanner
        var schedule: Schedule

        func choice(_ effort: StepPlanner.Effort) throws(PlanError) -> Choice {
            let plan = try planner.plan(schedule, effort: effort)
            let tokens = Double(alternative.tokensPerMicroBatch) * Double(plan.microBatches)
            return Choice(
                alternative: alternative.name, plan: plan,
                tokensPerSecond: plan.stepSeconds > 0 ? tokens / plan.stepSeconds : .infinity)
        }
    }

    private func entries() throws(PlanError) -> [Entry] {
        var entries: [Entry] = []
        for alternative in alternatives {
            let planner = try StepPlanner(
                layers: alternative.layers, link: link, memoryLimits: memoryLimits, barrier: barrier,
                memory: alternative.memory)
            for microBatches in alternative.microBatches {
                for schedule in try generated(microBatches: microBatches)
                where schedule.stageCount <= alternative.layers.count {
                    entries.append(Entry(alternative: alternative, planner: planner, schedule: schedule))
                }
            }
        }
        return entries
    }

    private func generated(microBatches: Int) throws(PlanError) -> [Schedule] {
        var generated: [Schedule] = []
        for name in schedules {
            let usual = Schedule.virtualStages(of: name)
            let isOpen = usual.map { $0.allowed.count > 1 } ?? false
            for virtual in isOpen ? virtuals : [usual?.usual ?? 1] {
                do {
                    generated.append(
                        try Schedule.named(name, ranks: ranks, microBatches: microBatches, virtual: virtual))
                } catch {
                    throw .schedule(error)
                }
            }
        }
        return generated
    }
}

extension PlanSearch.Choice {
    /// More tokens per second; then less memory.
    fileprivate func isBetter(than other: Self) -> Bool {
        tokensPerSecond != other.tokensPerSecond
            ? tokensPerSecond > other.tokensPerSecond
            : (plan.memoryOfRank.max() ?? 0) < (other.plan.memoryOfRank.max() ?? 0)
    }
}
