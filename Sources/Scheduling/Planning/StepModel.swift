import Partitioning

/// A schedule with a planner's costs: what any cuts would take and hold.
struct StepModel {
    let schedule: Schedule
    let sums: LayerSums
    /// By boundary between stages: what carries its messages.
    let links: [LinkCost]
    /// By stage: seconds of latency from the first stage to it.
    let latencyBefore: [Double]
    /// By rank; `Int.max`: no limit.
    let limits: [Int]
    /// By stage, in bytes: what its rank's limit leaves to it; where that owns several, a share by micro-batches in flight.
    let stageLimits: [Double]
    /// By stage: the most micro-batches in flight.
    let inFlight: [Int]
    /// By stage: the most micro-batches between their backward halves.
    private let deferred: [Int]
    private let simulator: Simulator
    let barrier: Double?
    private let memoryModel: StageMemoryModel?
    /// By stage: whether it runs the backward halves apart.
    let splitsBackward: [Bool]

    init(_ schedule: Schedule, _ planner: StepPlanner) throws(PlanError) {
        do { simulator = try Simulator(schedule, edges: Edge.chain(stages: schedule.stageCount)) } catch {
            throw .schedule(error)
        }
        if let limits = planner.memoryLimits, limits.count != schedule.rankCount {
            throw .argument("memory limits", expected: "\(schedule.rankCount) ranks", got: "\(limits.count)")
        }
        try planner.sums.checkBytes(microBatches: schedule.microBatches)
        self.schedule = schedule
        sums = planner.sums
        let places = schedule.rankOfStage
        links = zip(places, places.dropFirst()).map { $0 == $1 ? .free : planner.links[$0, $1] }
        latencyBefore = links.reduce(into: [0.0]) { $0.append(($0.last ?? 0) + $1.latency) }
        barrier = planner.barrier
        limits = planner.memoryLimits ?? [Int](repeating: .max, count: schedule.rankCount)
        memoryModel = planner.memory
        splitsBackward = schedule.splitsBackward
        (inFlight, deferred) = try Self.inFlight(schedule, isExact: planner.memory != nil)
        stageLimits = Self.stageLimits(schedule, inFlight, limits, rankBytes: planner.memory?.rankBytes ?? 0)
    }

    private static func stageLimits(
        _ schedule: Schedule, _ inFlight: [Int], _ limits: [Int], rankBytes: Int
    ) -> [Double] {
        let held = schedule.stagesOfRank.map { $0.reduce(0) { $0 + inFlight[$1] } }
        return schedule.rankOfStage.enumerated().map { stage, rank in
            guard limits[rank] < .max else { return .infinity }
            return Double(limits[rank] - rankBytes) * Double(inFlight[stage]) / Double(max(held[rank], 1))
        }
    }

    /// How many micro-batches each stage has room for. Exactly, that counts those which arrive before their turn, with
    /// the targets among them.
    private static func inFlight(
        _ schedule: Schedule, isExact: Bool
    ) throws(PlanError) -> (inFlight: [Int], deferred: [Int]) {
        guard isExact else { return ((0..<schedule.stageCount).map { schedule.inFlight(stage: $0) }, []) }
        let edges = Edge.chain(stages: schedule.stageCount) + Edge.targets(stages: schedule.stageCount)
        do {
            let lowered = try schedule.lower(edges: edges)
            return (lowered.slotCount, lowered.deferredCount)
        } catch { throw .schedule(error) }
    }

    var hasLimits: Bool { limits.contains { $0 < .max } }
    var stageCount: Int { schedule.stageCount }
    var ownsOneStageEach: Bool { schedule.stageCount == schedule.rankCount }
    var instructionCount: Int { schedule.ranks.reduce(0) { $0 + $1.count } }

    func stages(_ cuts: [Int]) -> [Range<Int>] { Partition.stages(cuts: cuts, layers: sums.layerCount) }

    /// Bytes of a stage that holds its largest number of micro-batches.
    func memory(stage: Int, _ layers: Range<Int>) -> Int {
        guard let memoryModel else {
            return inFlight[stage] * sums.activationBytes(layers) + sums.stateBytes(layers)
        }
        let bytes = memoryModel.stage(layers, splitsBackward[stage])
        return bytes.perMicroBatch.saturatingTimes(inFlight[stage])
            .saturatingPlus(bytes.perDeferred.saturatingTimes(deferred[stage])).saturatingPlus(bytes.fixed)
    }

    /// No more than `memory(stage:_:)`, and never less for more layers.
    func leastMemory(stage: Int, _ layers: Range<Int>) -> Int {
        memoryModel == nil ? memory(stage: stage, layers) : sums.stateBytes(layers)
    }

    /// Whether a stage takes no more than its `stageLimits`.
    func fits(_ stage: Int, _ layers: Range<Int>) -> Bool {
        let limit = stageLimits[stage]
        return limit == .infinity
            || Double(leastMemory(stage: stage, layers)) <= limit && Double(memory(stage: stage, layers)) <= limit
    }

    /// What a rank takes besides its stages.
    var rankBytes: Int { memoryModel?.rankBytes ?? 0 }

    /// Bytes by rank at its peak.
    func memory(cuts: [Int]) -> [Int] {
        let stages = stages(cuts)
        if memoryModel != nil {
            return schedule.stagesOfRank.map {
                $0.reduce(rankBytes) { $0.saturatingPlus(memory(stage: $1, stages[$1])) }
            }
        }
        if ownsOneStageEach {
            return schedule.stagesOfRank.map { $0.reduce(0) { $0 + memory(stage: $1, stages[$1]) } }
        }
        let activations = stages.map(sums.activationBytes)
        return schedule.stagesOfRank.enumerated().map { rank, owned in
            schedule.peak(rank: rank) { activations[$0] } + owned.reduce(0) { $0 + sums.stateBytes(stages[$1]) }
        }
    }

    func times(cuts: [Int]) throws(PlanError) -> StepTimes {
        do {
            return try simulator.step(times: stageTimes(cuts), linkTimes: linkTimes(cuts))
        } catch {
            throw .schedule(error)
        }
    }

    func stageTimes(_ cuts: [Int]) -> StageTimes { StageTimes(stages: stages(cuts).map(sums.time)) }

    func linkTimes(_ cuts: [Int]) -> [LinkTime] {
        zip(links, cuts).map { $0.time(bytes: sums.bytes(crossing: $1)) }
    }

    func end(cuts: [Int]) -> StepEnd {
        let stages = stages(cuts)
        return StepEnd(
            optimizer: schedule.stagesOfRank.map { $0.reduce(0) { $0 + sums.update(stages[$1]) } }, barrier: barrier)
    }

    func plan(cuts: [Int]) throws(PlanError) -> StepPlan {
        let times = try times(cuts: cuts)
        let end = end(cuts: cuts)
        return StepPlan(
            schedule: schedule.name, microBatches: schedule.microBatches, rankOfStage: schedule.rankOfStage,
            layerCount: sums.layerCount, cuts: cuts, stepSeconds: times.period(end),
            bubbleFraction: times.bubbleFraction(end), memoryOfRank: memory(cuts: cuts), times: times)
    }
}

extension Schedule {
    /// By rank, the stages that it owns.
    public var stagesOfRank: [[Int]] {
        rankOfStage.enumerated().reduce(into: [[Int]](repeating: [], count: rankCount)) {
            $0[$1.element].append($1.offset)
        }
    }
}
