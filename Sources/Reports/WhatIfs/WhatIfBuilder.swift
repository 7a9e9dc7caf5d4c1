import Partitioning
import Runs
import Scheduling

/// Replays a measured scenario with one thing changed at a time.
struct WhatIfBuilder {
    private let description: RunDescription
    private let scenario: Scenario
    private let base: ScenarioSimulation
    private let padding: Double

    /// - Parameter padding: the share of positions that hold no token.
    init?(_ description: RunDescription, _ scenario: Scenario, padding: Double) {
        guard let base = ScenarioSimulation(scenario) else { return nil }
        self.description = description
        self.scenario = scenario
        self.base = base
        self.padding = padding
    }

    /// The run as it was, then the changes, the one that gains most first.
    func whatIfs() -> [WhatIf] {
        let asRun = whatIf(
            .asRun, "as it ran", base, remark: "every instruction and message takes its median")
        guard scenario.stages.count > 1 else { return [asRun] + moreMicroBatches() + withoutPadding() }
        let changes =
            balanced() + withoutPadding() + cuts() + moreMicroBatches() + freeMessages() + otherSchedules()
            + otherPlacements() + withoutBarrier()
        return [asRun] + changes.sorted { ($1.gain, $0.title) < ($0.gain, $1.title) }
    }

    /// One step with equal stages and nothing in the way, for drawing.
    func idealStep() -> MedianStep? { ScenarioSimulation(scenario.ideal())?.drawing() }

    private func whatIf(
        _ kind: WhatIf.Kind, _ title: String, _ simulation: ScenarioSimulation, microBatches: Int? = nil,
        remark: String? = nil, cuts: [Cut]? = nil, schedule: String? = nil, activations: Double? = nil
    ) -> WhatIf {
        let scale = Double(microBatches ?? description.microBatches) / Double(description.microBatches)
        let tokens = Double(description.tokensPerStep) * scale
        return WhatIf(
            kind, title: title, remark: remark, cuts: cuts, schedule: schedule, activations: activations,
            stepMs: simulation.stepNs / 1e6,
            tokensPerS: tokens / simulation.stepNs * 1e9, gain: base.stepNs * scale / simulation.stepNs - 1,
            bubble: simulation.bubble.fraction)
    }

    private func balanced() -> [WhatIf] {
        guard let simulation = ScenarioSimulation(scenario.balanced()) else { return [] }
        return [whatIf(.balanced, "balanced stages", simulation, remark: "all stages take the mean of their times")]
    }

    private func freeMessages() -> [WhatIf] {
        guard !scenario.latencies.isEmpty, let simulation = ScenarioSimulation(scenario.withFreeMessages()) else {
            return []
        }
        return [whatIf(.freeMessages, "free communication", simulation, remark: "messages arrive when they are made")]
    }

    private func withoutPadding() -> [WhatIf] {
        guard padding >= 0.005, let simulation = ScenarioSimulation(scenario.withPasses(times: 1 - padding)) else {
            return []
        }
        let remark =
            "passes take \(Format.percent(padding)) less"
            + (description.isPacked == true ? "" : "; data.pack gets near it")
        return [whatIf(.noPadding, "no padding", simulation, remark: remark)]
    }

    /// Where ranks begin their next step at different times. Replicas wait for each other as well.
    private func withoutBarrier() -> [WhatIf] {
        guard scenario.sync != nil, description.width == 1,
            let simulation = ScenarioSimulation(scenario.withoutBarrier())
        else { return [] }
        let found = whatIf(
            .noBarrier, "no wait for the gradient norm", simulation,
            remark: "speculate: true, and memory for copies of what is trained; clipped steps wait, and cost more")
        return found.gain >= 0.005 ? [found] : []
    }

    // MARK: Cuts

    private func cuts() -> [WhatIf] {
        guard let layers = LayerTimes(description, scenario) else { return [] }
        let present = layers.presentCuts
        let best = layers.bestCuts()
        let list = "partition: {cuts: \(description.layerNames.cuts(best).text)}"
        let remark = best == present ? "the present ones" : list + ", by the layers' shares of cost"
        var found = replay(.bestCuts, "best cuts", remark: remark, cuts: best, of: layers)
        if let move = move(), let cuts = move.cuts(from: present) {
            found += replay(.moveLayers, move.title(description.layerNames), remark: nil, cuts: cuts, of: layers)
        }
        return found
    }

    private func move() -> LayerMove? {
        let times = scenario.stages.map { Double($0.total) / 1e6 }
        guard let slowest = times.indices.max(by: { times[$0] < times[$1] }) else { return nil }
        return LayerMove.best(from: slowest, stages: description.stages, times: times)
    }

    private func replay(
        _ kind: WhatIf.Kind, _ title: String, remark: String?, cuts: [Int], of layers: LayerTimes
    ) -> [WhatIf] {
        var changed = scenario
        changed.stages = layers.stageTimes(cuts: cuts)
        guard let simulation = ScenarioSimulation(changed) else { return [] }
        return [whatIf(kind, title, simulation, remark: remark, cuts: description.layerNames.cuts(cuts))]
    }

    // MARK: Schedules

    private func named(_ name: String, microBatches: Int) -> Schedule? {
        try? Schedule.named(name, stages: description.stages.count, microBatches: microBatches)
    }

    /// Only for a schedule whose name gives the order that was run.
    private func moreMicroBatches() -> [WhatIf] {
        let (twice, overflow) = description.microBatches.multipliedReportingOverflow(by: 2)
        guard !overflow, scenario.instructionCount <= Scenario.sizeLimit / 8,
            named(description.schedule, microBatches: description.microBatches)?.ranks == scenario.orders,
            let schedule = named(description.schedule, microBatches: twice),
            let changed = scenario.following(schedule), let simulation = ScenarioSimulation(changed)
        else { return [] }
        return [
            whatIf(
                .moreMicroBatches, "\(twice) micro-batches", simulation, microBatches: twice,
                remark: "twice as many a step, so twice the global batch")
        ]
    }

    private func otherSchedules() -> [WhatIf] {
        guard scenario.instructionCount <= Scenario.sizeLimit / 8 else { return [] }
        return Schedule.names.flatMap { name -> [WhatIf] in
            guard let schedule = named(name, microBatches: description.microBatches),
                schedule.ranks != scenario.orders, let changed = scenario.following(schedule),
                let simulation = ScenarioSimulation(changed)
            else { return [] }
            let layers = description.stages.map(\.layers.count)
            return [
                whatIf(
                    .otherSchedule, "schedule \(name)", simulation, remark: remark(on: schedule), schedule: name,
                    activations: held(schedule, layers) / max(held(run, layers), 1))
            ]
        }
    }

    /// Schedules whose ranks own other stages: folded and interleaved ones for a run with one on each, and the other way round.
    private func otherPlacements() -> [WhatIf] {
        guard let layers = LayerTimes(description, scenario) else { return [] }
        return Schedule.names.flatMap { name -> [WhatIf] in
            guard let other = OtherPlacement(name, description, scenario, layers),
                let simulation = ScenarioSimulation(other.scenario)
            else { return [] }
            let ratio = held(other.schedule, other.layersOfStage) / max(held(run, layers.layersOfStage), 1)
            var found = whatIf(
                .otherSchedule, "schedule \(name)", simulation, cuts: description.layerNames.cuts(other.cuts),
                schedule: name, activations: ratio)
            let parts = [
                (found.options ?? "") + " by the layers' shares of cost",
                "about \(Format.fixed(ratio, 2)) × the activations on the fullest rank", halvesRemark(other.schedule),
            ]
            found.remark = parts.compactMap { $0 }.joined(separator: "; ")
            return [found]
        }
    }

    /// What was run.
    private var run: Schedule {
        Schedule(
            name: description.schedule, microBatches: description.microBatches,
            rankOfStage: description.positionOfStage, ranks: scenario.orders)
    }

    /// The most layers in flight on a rank.
    private func held(_ schedule: Schedule, _ layersOfStage: [Int]) -> Double {
        Double(schedule.ranks.indices.map { schedule.peak(rank: $0) { layersOfStage[$0] } }.max() ?? 0)
    }

    /// How many micro-batches a stage would hold, and what is not known of the times.
    private func remark(on schedule: Schedule) -> String {
        let run = run
        let stages = description.stages.indices
        let held = stages.map { schedule.inFlight(stage: $0) }.max() ?? 0
        let now = stages.map { run.inFlight(stage: $0) }.max() ?? 0
        let memory =
            held == now
            ? "as many micro-batches in flight, \(now)" : "\(held) micro-batches in flight instead of \(now)"
        return [memory, halvesRemark(schedule)].compactMap { $0 }.joined(separator: "; ")
    }

    private func halvesRemark(_ schedule: Schedule) -> String? {
        let splits = { (orders: [[Instruction]]) in orders.contains { $0.contains { $0.pass == .backwardInput } } }
        guard splits(schedule.ranks), !splits(scenario.orders) else { return nil }
        return "each half of a backward taken as half of it"
    }
}
