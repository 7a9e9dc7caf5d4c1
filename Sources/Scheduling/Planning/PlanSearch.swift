/// Compares schedules, numbers of micro-batches and of stages, and ways to compute the layers, by tokens per second.
public struct PlanSearch: Sendable {
    /// One way to compute the layers: a size of micro-batch, with or without recomputation.
    public struct Alternative: Sendable {
        /// `recompute: none`, `recompute: stage`, …
        public var name: String
        /// Costs of each layer for a micro-batch of this size, in model order.
        public var layers: [LayerCost]
        /// Tokens (or samples) of one micro-batch.
        public var tokensPerMicroBatch: Int
        /// The numbers of micro-batches to try.
        public var microBatches: [Int]
        /// Counts what a run of layers takes as a stage; nil: the sum of what its layers take.
        public var memory: StageMemoryModel?
        /// Runs of layers, all of them in order, that stay together while choices are compared for the first time: half as
        /// many places to cut are searched in a quarter of the time. nil: each layer is by itself.
        public var blocks: [Range<Int>]?

        /// An alternative whose costs hold for one micro-batch of `tokensPerMicroBatch` tokens.
        public init(
            name: String, layers: [LayerCost], tokensPerMicroBatch: Int, microBatches: [Int],
            memory: StageMemoryModel? = nil, blocks: [Range<Int>]? = nil
        ) {
            self.name = name
            self.layers = layers
            self.tokensPerMicroBatch = tokensPerMicroBatch
            self.microBatches = microBatches
            self.memory = memory
            self.blocks = blocks
        }

        /// With each block as one layer.
        fileprivate var inBlocks: Alternative? {
            guard let blocks else { return nil }
            var coarse = self
            coarse.layers = blocks.map { LayerCost(sumOf: layers[$0]) }
            coarse.blocks = nil
            if let memory {
                coarse.memory = StageMemoryModel(rankBytes: memory.rankBytes) { range, splitsBackward in
                    let layers = blocks[range.lowerBound].lowerBound..<blocks[range.upperBound - 1].upperBound
                    return memory.stage(layers, splitsBackward)
                }
            }
            return coarse
        }
    }

    /// A way to run a step, and how fast it is predicted to be.
    public struct Choice: Hashable, Sendable {
        /// Name of the `Alternative` that was chosen.
        public let alternative: String
        /// Its schedule, its cuts and their prediction.
        public let plan: StepPlan
        /// `tokensPerMicroBatch` × micro-batches ÷ `plan.stepSeconds`; infinite where a step takes no time.
        public let tokensPerSecond: Double
    }

    /// How many ranks the layers are spread over.
    public var ranks: Int
    /// The ways to compute the layers that are compared.
    public var alternatives: [Alternative]
    /// What a link between two ranks can do.
    public var link: LinkCost
    /// Links that differ, by rank.
    public var apart: [LinkCosts.Pair: LinkCost] = [:]
    /// Bytes that each rank may take, by rank; nil: no limit.
    public var memoryLimits: [Int]?
    /// Seconds of the barrier before the update, as in `StepEnd`; nil: ranks do not wait for one another there.
    public var barrier: Double?
    /// Names that `Schedule.named` knows.
    public var schedules = Schedule.names
    /// Stages of each rank to try where the schedule leaves that open.
    public var virtuals = [2, 3, 4]
    /// The cuts of a schedule, where they are not to be searched for; a schedule that gets none is not tried.
    public var cuts: (@Sendable (Schedule) -> [Int]?)?

    /// A search over all named schedules, with 2, 3 and 4 stages for each rank where a schedule leaves that open.
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
    /// All are planned briefly, and the best twice as many thoroughly, on all cores; the result does not depend on how many
    /// there are. Throws the smallest shortage of memory where none fits, and `PlanError.argument` where the layers are too
    /// few for every choice.
    public func best(_ count: Int = 5) throws(PlanError) -> [Choice] {
        var brief: [(choice: Choice, entry: Entry)] = []
        var shortage: PlanError.Shortage?
        let entries = try entries()
        for (entry, outcome) in zip(entries, Self.outcomes(entries, .brief)) {
            do { brief.append((try outcome.get(), entry)) } catch {
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
        for outcome in Self.outcomes(brief.prefix(2 * max(count, 0)).map(\.entry), .full) {
            full.append(try outcome.get())
        }
        return Array(full.sorted { $0.isBetter(than: $1) }.prefix(max(count, 0)))
    }

    private static func outcomes(
        _ entries: [Entry], _ effort: StepPlanner.Effort
    ) -> [Result<Choice, PlanError>] {
        onAllCores(entries.count) { index in
            Result { () throws(PlanError) in try entries[index].choice(effort) }
        }
    }

    private struct Entry {
        var alternative: Alternative
        var planner: StepPlanner
        /// For the first comparison; nil: the same.
        var coarse: StepPlanner?
        var schedule: Schedule
        /// nil: the best.
        var cuts: [Int]?

        func choice(_ effort: StepPlanner.Effort) throws(PlanError) -> Choice {
            let plan: StepPlan
            if let cuts {
                plan = try planner.fit(schedule, cuts: cuts)
            } else {
                let planner = effort == .brief ? coarse ?? planner : planner
                plan = try planner.plan(schedule, effort: effort)
            }
            let tokens = Double(alternative.tokensPerMicroBatch) * Double(plan.microBatches)
            return Choice(
                alternative: alternative.name, plan: plan,
                tokensPerSecond: plan.stepSeconds > 0 ? tokens / plan.stepSeconds : .infinity)
        }
    }

    private func entries() throws(PlanError) -> [Entry] {
        var entries: [Entry] = []
        for alternative in alternatives {
            let planner = try self.planner(alternative)
            let coarse = try alternative.inBlocks.map { coarse throws(PlanError) in try self.planner(coarse) }
            for microBatches in alternative.microBatches {
                for schedule in try generated(microBatches: microBatches)
                where schedule.stageCount <= alternative.layers.count {
                    let given = cuts?(schedule)
                    guard cuts == nil || given != nil else { continue }
                    entries.append(
                        Entry(
                            alternative: alternative, planner: planner,
                            coarse: coarse.flatMap { schedule.stageCount <= $0.sums.layerCount ? $0 : nil },
                            schedule: schedule, cuts: given))
                }
            }
        }
        return entries
    }

    private func planner(_ alternative: Alternative) throws(PlanError) -> StepPlanner {
        try StepPlanner(
            layers: alternative.layers, link: link, apart: apart, memoryLimits: memoryLimits, barrier: barrier,
            memory: alternative.memory)
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
