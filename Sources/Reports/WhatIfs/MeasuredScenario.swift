import Runs
import Scheduling

/// Reads a scenario off a run: the order of one step, and medians over the steps that count.
struct MeasuredScenario {
    private let description: RunDescription
    private let timeline: ActivityTimeline
    private let skip: Int

    init(_ description: RunDescription, _ timeline: ActivityTimeline, skip: Int) {
        self.description = description
        self.timeline = timeline
        self.skip = skip
    }

    /// - Parameter step: number of the step whose order counts.
    /// - Returns: nil for logs whose instructions do not fit the description.
    func scenario(logs: [RankLog], step: Int) -> Scenario? {
        // Replicas do the same side by side: the first one stands for all.
        let orders = logs.filter { description.place(of: $0.rank) == 0 }.map { log in
            log.events.filter { $0.step == step && $0.kind.isPass }.compactMap(\.instruction)
        }
        guard orders.enumerated().allSatisfy({ fits($1, rank: $0 * description.width) }) else { return nil }
        let counts = orders.map(\.count)
        return Scenario(
            microBatches: description.microBatches, rankOfStage: description.positionOfStage, orders: orders,
            stages: description.stages.indices.map(stageTime),
            ranks: counts.enumerated().map { rankTime($0 * description.width, instructions: $1) },
            latencies: latencies(), sync: syncTime())
    }

    private func fits(_ order: [Instruction], rank: Int) -> Bool {
        let stages = Set(description.stages(of: rank))
        let allowed = order.allSatisfy { stages.contains($0.stage) && $0.microBatch < description.microBatches }
        return allowed && Set(order).count == order.count && !order.isEmpty
    }

    // MARK: Stages

    private func stageTime(_ stage: Int) -> Scenario.StageTime {
        var medians: [Category: Int64] = [:]
        for (workClass, median) in zip(timeline.classes, timeline.medians)
        where workClass.stage == stage && description.place(of: workClass.rank) == 0 {
            medians[workClass.category, default: 0] &+= median
        }
        func time(_ category: Category) -> Int64 { medians[category] ?? 0 }
        let halves = time(.backwardInput) &+ time(.backwardWeight)
        let isSplit = halves > 0
        let whole = time(.backward)
        return Scenario.StageTime(
            forward: time(.forward), backward: isSplit ? halves : whole,
            backwardInput: isSplit ? time(.backwardInput) : whole / 2,
            backwardWeight: isSplit ? time(.backwardWeight) : whole - whole / 2, recompute: time(.recompute))
    }

    // MARK: Ranks

    /// What a rank spent in one step besides its instructions.
    private struct StepSums {
        var lead: Int64 = 0
        var gaps: Int64 = 0
        var dataWait: Int64 = 0
        var beforeSync: Int64 = 0
        var optimizer: Int64 = 0
        var hasStarted = false
        var hasSynced = false
    }

    private func rankTime(_ rank: Int, instructions: Int) -> Scenario.RankTime {
        let steps = sums(rank)
        func middle(_ part: (StepSums) -> Int64) -> Int64 { median(steps.map(part)) }
        let isReader = description.stages(of: rank).contains(0)
        return Scenario.RankTime(
            lead: middle(\.lead), gap: middle(\.gaps) / Int64(max(1, instructions)),
            dataWait: isReader ? middle(\.dataWait) / Int64(max(1, description.microBatches)) : 0,
            optimizerBeforeSync: middle(\.beforeSync), optimizer: middle(\.optimizer))
    }

    private func sums(_ rank: Int) -> [StepSums] {
        var steps = [StepSums](repeating: StepSums(), count: timeline.steps.count)
        for activity in timeline.activities[timeline.ranges[rank]] {
            let step = activity.step
            switch activity.kind {
            case .gap where !steps[step].hasStarted: steps[step].lead &+= activity.duration
            case .gap, .sendWait, .handOver: steps[step].gaps &+= activity.duration
            case .dataWait: steps[step].dataWait &+= activity.duration
            case .sync:
                steps[step].hasSynced = true
                steps[step].beforeSync &+= steps[step].optimizer
                steps[step].optimizer = 0
            case .work where activity.category == .optimizer: steps[step].optimizer &+= activity.duration
            case .work, .receive: break
            }
            if activity.kind != .gap { steps[step].hasStarted = true }
        }
        return Array(steps.dropFirst(min(skip, max(0, steps.count - 1))))
    }

    // MARK: Between ranks

    /// Median time from the end of the instruction that made a message to its arrival, of messages that were waited for.
    private func latencies() -> [Link: Int64] {
        var seen: [Link: [Int64]] = [:]
        for receive in timeline.activities where receive.kind == .receive && receive.dependency >= 0 {
            guard receive.hasWaited, receive.step >= skip, description.place(of: receive.rank) == 0 else { continue }
            let time = max(0, receive.offset) &+ receive.latency
            let link = Link(
                from: description.position(of: receive.peer), to: description.position(of: receive.rank))
            seen[link, default: []].append(max(0, time))
        }
        return seen.mapValues { median($0) }
    }

    private func syncTime() -> Int64? {
        guard !timeline.groups.isEmpty else { return nil }
        var ofAll: [Int64] = []
        var ofReplicas: [Int64] = []
        for group in timeline.groups {
            let last = group.map { timeline.activities[$0].start }.max() ?? 0
            let time = max(0, (group.map { timeline.activities[$0].end }.max() ?? 0) &- last)
            if timeline.activities[group[0]].team < 0 { ofAll.append(time) } else { ofReplicas.append(time) }
        }
        // What is waited for in the next step is no barrier before it.
        if description.speculates == true { return ofReplicas.isEmpty ? nil : median(ofReplicas) }
        return median(ofAll) &+ median(ofReplicas)
    }
}
