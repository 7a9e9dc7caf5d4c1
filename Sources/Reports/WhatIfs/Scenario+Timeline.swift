import Runs
import Scheduling

extension Scenario {
    /// The activities of some steps in a row, for a replay.
    func timeline(steps: Int) -> ActivityTimeline {
        var writer = ScenarioWriter(self, steps: steps)
        return writer.timeline()
    }
}

/// Lays a scenario out as activities, each rank's after one another; when they happen is the replay's to find.
private struct ScenarioWriter {
    private let scenario: Scenario
    private var built = ActivityTimeline()
    /// By step, stage, micro-batch and direction: the activity that makes the message; −1 where there is none.
    private var makers: [Int32]
    /// The receives, and the place in `makers` of what each waits for.
    private var receives: [(activity: Int, maker: Int)] = []
    private var rank = 0
    private var step = 0
    private let firstStages: [Int]

    init(_ scenario: Scenario, steps: Int) {
        self.scenario = scenario
        built.steps = Array(0..<steps)
        makers = Array(repeating: -1, count: steps * scenario.stages.count * scenario.microBatches * 2)
        firstStages = scenario.orders.indices.map { scenario.rankOfStage.firstIndex(of: $0) ?? -1 }
    }

    mutating func timeline() -> ActivityTimeline {
        for rank in scenario.orders.indices {
            self.rank = rank
            let first = built.activities.count
            for step in built.steps {
                self.step = step
                writeStep()
            }
            built.ranges.append(first..<built.activities.count)
        }
        for (activity, maker) in receives { built.activities[activity].dependency = Int(makers[maker]) }
        built.clockErrors = scenario.orders.map { _ in 0 }
        built.gatherSyncs()
        return built
    }

    private mutating func writeStep() {
        let times = scenario.ranks[rank]
        add(.gap, .unattributed, times.lead)
        for instruction in scenario.orders[rank] {
            addReceive(before: instruction)
            if instruction.pass == .forward, instruction.stage == firstStages[rank] {
                add(.dataWait, .dataWait, times.dataWait)
            }
            addWork(instruction)
            add(.gap, .unattributed, times.gap)
        }
        add(.work, .optimizer, times.optimizerBeforeSync)
        if let sync = scenario.sync { add(.sync, .gradientSync, sync, always: true) }
        add(.work, .optimizer, times.optimizer, always: true)
    }

    private mutating func add(
        _ kind: Activity.Kind, _ category: Category, _ duration: Int64, of instruction: Instruction? = nil,
        always: Bool = false
    ) {
        guard duration > 0 || always else { return }
        var activity = Activity(
            kind: kind, category: category, rank: rank, step: step, start: 0, end: max(0, duration))
        activity.instruction = instruction
        if kind == .sync { activity.group = 0 }
        built.activities.append(activity)
    }

    private mutating func addWork(_ instruction: Instruction) {
        let times = scenario.stages[instruction.stage]
        if instruction.pass == .backward || instruction.pass == .backwardInput {
            add(.work, .recompute, times.recompute, of: instruction)
        }
        if instruction.pass != .backwardWeight {
            makers[maker(instruction.stage, instruction.microBatch, isForward: instruction.pass == .forward)] =
                Int32(built.activities.count)
        }
        let (kind, category) = EventKind(instruction.pass).role
        add(kind, category, times[instruction.pass], of: instruction, always: true)
    }

    private mutating func addReceive(before instruction: Instruction) {
        guard let stage = instruction.awaitedStage, scenario.stages.indices.contains(stage),
            scenario.rankOfStage[stage] != rank
        else { return }
        let isForward = instruction.pass == .forward
        let peer = scenario.rankOfStage[stage]
        var receive = Activity(kind: .receive, category: .transfer, rank: rank, step: step, start: 0, end: 0)
        receive.peer = peer
        receive.latency = scenario.latencies[Link(from: peer, to: rank)] ?? 0
        receives.append((built.activities.count, maker(stage, instruction.microBatch, isForward: isForward)))
        built.activities.append(receive)
    }

    private func maker(_ stage: Int, _ microBatch: Int, isForward: Bool) -> Int {
        ((step * scenario.stages.count + stage) * scenario.microBatches + microBatch) * 2 + (isForward ? 0 : 1)
    }
}
