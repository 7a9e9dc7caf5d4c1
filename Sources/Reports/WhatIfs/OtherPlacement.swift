import Partitioning
import Runs
import Scheduling

/// A schedule whose ranks own other stages than in the run, with the cuts that suit it best by what layers took.
///
/// What is left of the run are its layers' times, what ranks spend besides, and what messages take.
struct OtherPlacement {
    let schedule: Schedule
    /// The first layer of each stage but the first, as indexes in the model.
    let cuts: [Int]
    let scenario: Scenario
    /// By stage.
    let layersOfStage: [Int]

    /// Planning for more layers or instructions takes too long for a page that is made anew with each step.
    private static let layerLimit = 256
    private static let instructionLimit = Scenario.sizeLimit / 64

    /// nil where the ranks own the same stages, where there are too few layers or too many, or what was measured does not plan.
    init?(_ name: String, _ description: RunDescription, _ run: Scenario, _ layers: LayerTimes) {
        guard run.instructionCount <= Self.instructionLimit, layers.count <= Self.layerLimit,
            let schedule = try? Schedule.named(
                name, ranks: run.orders.count, microBatches: description.microBatches),
            schedule.rankOfStage != run.rankOfStage, schedule.stageCount <= layers.count,
            let planner = try? StepPlanner(
                layers: layers.costs, link: LinkCost(latency: run.usualLatency / 1e9, bytesPerSecond: .infinity),
                barrier: run.sync.map { max(0, Double($0)) / 1e9 }),
            let plan = try? planner.plan(schedule, effort: .brief)
        else { return nil }
        self.schedule = schedule
        cuts = plan.cuts.map(layers.index)
        layersOfStage = plan.stages.map(\.count)
        scenario = run.placed(by: schedule, stages: layers.stageTimes(cuts: cuts))
    }
}

extension Scenario {
    /// Nanoseconds: the median over the links.
    fileprivate var usualLatency: Double { Double(median(Array(latencies.values))) }

    /// The same ranks with other stages. Links that carried nothing in the run take what the others do.
    fileprivate func placed(by schedule: Schedule, stages: [StageTime]) -> Scenario {
        var copy = self
        (copy.orders, copy.rankOfStage, copy.microBatches) = (
            schedule.ranks, schedule.rankOfStage, schedule.microBatches
        )
        copy.stages = stages
        let usual = Int64(usualLatency)
        for (from, to) in zip(schedule.rankOfStage, schedule.rankOfStage.dropFirst()) where from != to {
            for link in [Link(from: from, to: to), Link(from: to, to: from)] where latencies[link] == nil {
                copy.latencies[link] = usual
            }
        }
        return copy
    }
}
