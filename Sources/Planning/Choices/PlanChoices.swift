import Families
import Foundation
public import Manifests
import Models
import Optimizers
public import Partitioning
public import Runs
import Scheduling
import Systems
import Tensors

/// What `echelon plan --search` shows: ways to run a pipeline's global batch, the fastest first.
public struct PlanChoices: Codable, Sendable {
    /// Version of the JSON form.
    public var version = 1
    /// Samples of one step: micro-batch size × micro-batches, the same for every choice.
    public var globalBatch: Int
    /// Where the layers' times come from: `profile of 2026-01-01T00:00:00Z`.
    public var source: String
    /// The choices that fit memory, by predicted tokens per second, the fastest first.
    public var choices: [Choice]
    /// Micro-batch sizes that were not tried, because nothing was measured for them.
    public var unmeasured: [Int]

    /// One way to run the global batch, and what it is predicted to do.
    public struct Choice: Codable, Sendable {
        /// Copies of the pipeline.
        public var replicas: Int
        /// Devices that share each layer.
        public var tensor: Int
        /// Name of the schedule: `zb-h1`.
        public var schedule: String
        /// Stages of each rank.
        public var virtual: Int
        /// Samples of one micro-batch.
        public var micro: Int
        /// Micro-batches of one step.
        public var microBatches: Int
        /// What is recomputed, as in the manifest: `none`, `stage`.
        public var recompute: String
        /// The first layer of each stage but the first.
        public var cuts: [Cut]
        /// Seconds from one step to the next.
        public var stepSeconds: Double
        /// Tokens (or rows) of one step ÷ `stepSeconds`; 0 where a step takes no time.
        public var tokensPerSecond: Double
        /// Idle ÷ wall time from one step to the next, 0…1, where computing and updating are work.
        public var bubbleFraction: Double
        /// Bytes that each rank of a replica takes, its process included, by position.
        public var memoryBytes: [Int]
        /// What selects it: `schedule=zb-h1`, each behind a `--set`; empty for the pipeline as it is.
        public var options: [String]
    }

    /// Tries every number of replicas and of devices that share a layer, schedule, number of stages, way to recompute, and size of micro-batch that divides the
    /// global batch and has a profile; leaves out what does not fit the memory limits. Where there are many devices,
    /// most ways to share them out are only estimated.
    /// - Throws: bad input: nothing was measured, or nothing fits.
    public init(
        _ manifest: PipelineManifest, count: Int = 5, profiles: ProfileCache = .standard
    ) throws(RunFailure) {
        if let device = manifest.sharedDevice {
            throw .badInput(
                "\(manifest.mark(of: "devices")): plan --search: \(device) has several workers; expected each device once "
                    + "(several stages on a device are what virtual is for)")
        }
        let manifest = try manifest.settled()
        globalBatch = manifest.batch.global
        (choices, unmeasured, source) = ([], [], "")
        var failure: RunFailure?
        var grids = manifest.grids
        if manifest.devices.count > Self.fewDevices {
            var rates: [(grid: Grid, rate: Double)] = []
            for grid in grids { rates.append((grid, (try? rate(manifest, grid, profiles)) ?? 0)) }
            grids = rates.sorted { $0.rate > $1.rate }.prefix(2).map(\.grid)
        }
        var found: [Choice] = []
        for shares in grids {
            do throws(RunFailure) {
                found += try search(manifest, shares, count, profiles)
            } catch {
                failure = failure ?? error
            }
        }
        if found.isEmpty, let failure { throw failure }
        choices = Array(found.sorted { $0.tokensPerSecond > $1.tokensPerSecond }.prefix(count))
    }

    /// For so many, every number of replicas is searched thoroughly.
    private static let fewDevices = 16

    /// How devices are shared out: what each replica has are stages.
    struct Grid {
        var replicas: Int
        var tensor: Int
    }

    /// Samples in a second at most, by the least that a step can take: stages as even as layers let them be, and no bubble but
    /// the first micro-batch's way to the last stage.
    private func rate(_ original: PipelineManifest, _ grid: Grid, _ profiles: ProfileCache) throws(RunFailure) -> Double
    {
        let manifest = original.sharedOut(grid)
        let whole = try TrainingPlan(manifest.whole(on: manifest.devices[0]))
        let shard = try Self.shard(manifest, whole)
        guard let costs = StepCosts(manifest, shard, of: whole.model, whole.optimizer.state.count, profiles) else {
            return 0
        }
        let positions = Double(manifest.positions)
        let forward = costs.layers.reduce(0) { $0 + $1.forward }
        let all = costs.layers.reduce(forward) { $0 + $1.backward }
        let stage = max(all / positions, costs.layers.map { $0.forward + $0.backward }.max() ?? 0)
        let bytes = Double(shard.parameterCount * DType.f32.size) / positions
        let gradients = ReplicaTime(
            replicas: grid.replicas, bytes: Int(bytes), layers: Int(Double(costs.layers.count) / positions),
            lastPass: stage * (all - forward) / all,
            link: manifest.slowestLink(of: .replicas(position: 0), usual: costs.link))
        let fill = (positions - 1) * stage * forward / all
        return Double(manifest.batch.global) / (Double(manifest.batch.microBatches) * stage + fill + gradients.exposed)
    }

    /// What each device has of a model.
    private static func shard(_ manifest: PipelineManifest, _ whole: TrainingPlan) throws(RunFailure) -> ModelGraph {
        guard manifest.tensor > 1 else { return whole.model }
        return try TrainingPlan.shardModel(manifest, whole.adapted?.adaptation ?? .none)
    }

    /// The best of one way to share out the devices.
    private mutating func search(
        _ original: PipelineManifest, _ grid: Grid, _ count: Int, _ profiles: ProfileCache
    ) throws(RunFailure) -> [Choice] {
        let manifest = original.sharedOut(grid)
        let variants = try Self.variants(manifest, profiles)
        for size in variants.unmeasured where !unmeasured.contains(size) { unmeasured.append(size) }
        guard let first = variants.measured.first else { throw original.nothingToSearch }
        source = first.costs.source
        var search = PlanSearch(
            ranks: manifest.positions, alternatives: variants.measured.enumerated().map { $1.alternative("\($0)") },
            link: first.costs.links.usual, memoryLimits: manifest.memoryOfPositions, barrier: first.costs.barrier)
        search.apart = first.costs.links.apart
        let found: [PlanSearch.Choice]
        do { found = try search.best(count) } catch { throw original.failure(error) }
        var choices: [Choice] = []
        for choice in found {
            guard let variant = Int(choice.alternative).map({ variants.measured[$0] }) else { continue }
            choices.append(try variant.choice(choice.plan, from: original))
        }
        return choices
    }

    /// One size of micro-batch with one way to recompute.
    private struct Variant {
        var manifest: PipelineManifest
        var costs: StepCosts

        func alternative(_ name: String) -> PlanSearch.Alternative {
            let batch = manifest.batch
            return PlanSearch.Alternative(
                name: name, layers: costs.layers,
                tokensPerMicroBatch: batch.micro * batch.replicas * (manifest.data.sequence ?? 1),
                microBatches: [batch.microBatches], memory: costs.memory, blocks: costs.blocks)
        }

        /// Counted and predicted as `plan` does.
        func choice(_ step: StepPlan, from original: PipelineManifest) throws(RunFailure) -> Choice {
            let chosen = try manifest.chosen(step, costs.names)
            let plan = try TrainingPlan(chosen)
            let prediction = try StepPrediction(plan, costs)
            return Choice(
                replicas: chosen.replicas, tensor: chosen.tensor, schedule: step.schedule, virtual: step.virtual,
                micro: chosen.batch.micro,
                microBatches: chosen.batch.microBatches, recompute: chosen.recompute.text,
                cuts: costs.names.cuts(step.cuts),
                stepSeconds: prediction.stepSeconds, tokensPerSecond: prediction.tokensPerSecond,
                bubbleFraction: prediction.bubbleFraction,
                memoryBytes: plan.placement.ranks(ofReplica: 0).map { plan.memory(ofRank: $0) },
                options: original.options(to: chosen))
        }
    }

    private static func variants(
        _ manifest: PipelineManifest, _ profiles: ProfileCache
    ) throws(RunFailure) -> (measured: [Variant], unmeasured: [Int]) {
        var measured: [Variant] = []
        var unmeasured: [Int] = []
        for micro in sizes(manifest) {
            var variant = manifest
            variant.batch = .init(
                micro: micro, microBatches: manifest.batch.global / (micro * manifest.replicas),
                replicas: manifest.replicas)
            // Without limits everything fits, and to compute again only takes longer.
            let ways = manifest.memory == nil ? [.none, manifest.recompute] : [.none, .stage, manifest.recompute]
            for recompute in Set(ways).sorted(by: { $0.text < $1.text }) {
                variant.recompute = recompute
                let whole = try TrainingPlan(variant.whole(on: manifest.devices[0]))
                variant.products = whole.manifest.products
                let shard = try shard(variant, whole)
                let costs = StepCosts(variant, shard, of: whole.model, whole.optimizer.state.count, profiles)
                if let costs { measured.append(Variant(manifest: variant, costs: costs)) }
                if costs == nil && !unmeasured.contains(micro) { unmeasured.append(micro) }
            }
        }
        return (measured, unmeasured)
    }

    /// The sizes of micro-batch that divide the global batch. Simulated layers that take the same time for any size
    /// would make the largest the best: there it is the one that is written.
    private static func sizes(_ manifest: PipelineManifest) -> [Int] {
        if manifest.devices[0].kind == .sim, case .secondsPerLayer = manifest.simulation.pace {
            return [manifest.batch.micro]
        }
        let global = manifest.batch.microBatches * manifest.batch.micro
        return (1...global).filter { global.isMultiple(of: $0) && manifest.allows(micro: $0, of: global) }
    }
}
