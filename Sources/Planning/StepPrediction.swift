import Layers
import Manifests
import Models
import Optimizers
package import Runs
import Scheduling
import Tensors

/// What a plan's step is predicted to take: its schedule simulated with what its layers, links and updates cost.
public struct StepPrediction: Codable, Hashable, Sendable {
    /// From one step to the next, where every worker has its device to itself.
    public var stepSeconds: Double
    /// Tokens (or rows) of one step ÷ `stepSeconds`; 0 where a step takes no time.
    public var tokensPerSecond: Double
    /// Idle over wall.
    public var bubbleFraction: Double
    /// Seconds that the gradients of replicas are on their way, of the rank with most; nil where there is one replica.
    public var gradientSeconds: Double?
    /// What of it no pass lies over.
    public var exposedGradientSeconds: Double?
    /// Where the layers' times come from.
    public var source: String

    init(_ plan: TrainingPlan, _ costs: StepCosts) throws(RunFailure) {
        do {
            let simulator = try Simulator(plan.schedule, edges: plan.edges)
            let links = plan.edges.indices.map { edge in
                let bytes = plan.tensors(ofEdge: edge, .forward).reduce(0) { $0.saturatingPlus($1.byteCount) }
                let (from, to) = (plan.edges[edge].from, plan.edges[edge].to)
                let places = plan.schedule.rankOfStage
                return costs.links[places[from], places[to]].time(bytes: bytes)
            }
            let times = try simulator.step(
                times: StageTimes(stages: plan.layout.stages.map { costs.time(of: $0.entries) }), linkTimes: links,
                queueDepths: [Int](repeating: plan.queueDepth, count: simulator.links.count))
            let updates = plan.placement.ranks(ofReplica: 0).map { rank in
                plan.placement.stages(of: rank).reduce(0) { sum, stage in
                    costs.layers[plan.layout.stages[stage].entries].reduce(sum) { $0 + $1.update }
                }
            }
            let sums = plan.placement.ranks(ofReplica: 0).map { plan.replicaTime(of: $0, costs) }
            let end = StepEnd(
                optimizer: zip(updates, sums).map {
                    $0 / (plan.sharesOptimizerState ? Double(plan.manifest.replicas) : 1) + $1.returning
                },
                barrier: costs.barrier ?? plan.distantBarrier(costs), gradients: sums.map(\.exposed), ways: costs.ways)
            let underWay = sums.map(\.underWay).max() ?? 0
            gradientSeconds = plan.addsReplicas ? underWay : nil
            exposedGradientSeconds = plan.addsReplicas ? sums.map(\.exposed).max() : nil
            stepSeconds = times.period(end)
            bubbleFraction = times.bubbleFraction(end)
            tokensPerSecond = stepSeconds > 0 ? Double(plan.tokensPerStep) / stepSeconds : 0
            source = costs.source
        } catch {
            throw plan.manifest.failure(error)
        }
    }
}

extension TrainingPlan {
    /// nil where nothing was measured, or workers share a device.
    func costs(_ profiles: ProfileCache) -> StepCosts? {
        guard manifest.sharedDevice == nil else { return nil }
        return StepCosts(manifest, shardModel, of: model, optimizer.state.count, profiles)
    }

    /// What a step takes; nil where nothing was measured, or workers share a device.
    package func prediction(_ profiles: ProfileCache = .standard) throws(RunFailure) -> StepPrediction? {
        try costs(profiles).map { costs throws(RunFailure) in try StepPrediction(self, costs) }
    }

    /// Without clipping, too, most updates wait for a word of the coordinator. It costs nothing where that is near.
    fileprivate func distantBarrier(_ costs: StepCosts) -> Double? {
        switch gate {
        case .sum where speculates: nil
        case .all, .sum: costs.ways.isEmpty ? nil : 0
        case .own, nil: nil
        }
    }
}

extension StepCosts {
    func time(of range: Range<Int>) -> StageTimes.Stage {
        layers[range].reduce(into: StageTimes.Stage(forward: 0, backward: 0, backwardInput: 0, backwardWeight: 0)) {
            $0.forward += $1.times.forward
            $0.backward += $1.times.backward
            $0.backwardInput += $1.times.backwardInput
            $0.backwardWeight += $1.times.backwardWeight
        }
    }
}
