package import Families
import Layers
public import Manifests
public import Models
public import Optimizers
public import Partitioning
public import Runs
public import Scheduling
import Tensors

/// Everything about a run that is known before anything starts: the model, its stages, what each rank does when.
///
/// Every process of a run derives the same plan from the same resolved manifest.
///
///     let plan = try TrainingPlan(manifest)
///     print(plan.cuts, plan.schedule.inFlight(stage: 0))
///     print(plan.layout.stages.indices.map { plan.describe(stage: $0) })
public struct TrainingPlan: Sendable {
    /// What the plan was made of; where the cuts were planned or depend on the data, with these cuts, and with its samples'
    /// length.
    public let manifest: PipelineManifest
    /// The model's layers and the values between them, for one micro-batch.
    public let model: ModelGraph
    /// What the first of the devices that share each layer has of it; `model` where none is shared.
    package let shardModel: ModelGraph
    /// Where each stage but the first begins.
    public let cuts: [Cut]
    /// Which part of the head's rows is computed; nil where the cuts did not ask: looking at the data takes a while.
    private let headShare: Double?
    /// Which of the model's layers and nodes each stage has, and which values cross between stages.
    public let layout: PipelineLayout
    /// What of the model is trained, where not everything is.
    package let adapted: AdaptedModel?
    /// By the name under which files hold a parameter: how it moves, where it moves otherwise than by `optimizer`.
    package let rules: [String: ParameterRule]
    /// What each rank computes in a step, and in which order.
    public let schedule: Schedule
    /// Which rank, on which device and host, runs which stage.
    public let placement: Placement
    /// What stages need of one another: an edge for each of the layout's crossings, in their order, then the targets'
    /// edge.
    public let edges: [Edge]
    /// The schedule with its messages and activation slots, lowered with `edges`.
    public let lowered: LoweredSchedule
    /// Of a run that evaluates: the same micro-batches forward alone, over the same links.
    package let forwardPass: LoweredSchedule?
    /// How parameters are updated.
    public let optimizer: any Optimizer
    /// The learning rate of each step.
    public let learningRate: LearningRateSchedule
    /// The limit of the gradients' global norm; nil: none.
    public let clipping: Clipping?

    /// Messages that may be on their way on a link and not yet consumed: enough that the schedule neither deadlocks nor
    /// waits for room.
    public let queueDepth: Int

    /// False for what is to evaluate alone: there are no gradients then, no optimizer state, and nothing is kept for a way
    /// back.
    package var isTraining = true

    /// Whether the cuts were planned from what layers cost: the manifest has them now instead of `partition: profile`.
    public let isPlanned: Bool
    /// What was chosen for `schedule: auto`: the manifest has it now.
    public let choice: ScheduleChoice?

    /// Of `products: tuned`, how many sizes of matrix products no race has been run for: they follow the processor's rules.
    package let unracedProducts: Int

    /// What the libraries race for where `products` is `tuned`.
    package var productContests: [ProductContest] { shardModel.productContests }

    /// Throws a user's mistake: shapes that do not fit, a partition that cannot be, a profile that is missing.
    public init(_ manifest: PipelineManifest, profiles: ProfileCache = .standard) throws(RunFailure) {
        let choosesLinks = manifest.compress?.links == .hosts
        var manifest = try manifest.settled().withHeldOutSamples().choosingLinks()
        do {
            let family = try manifest.familyOfNames()
            adapted = try manifest.adapted(family)
            model = try ModelGraph(
                manifest.model, input: Self.input(of: manifest), dtype: manifest.precision.dtype,
                adaptation: adapted?.adaptation ?? .none)
            shardModel =
                manifest.tensor > 1
                ? try Self.shardModel(manifest, adapted?.adaptation ?? .none) : model
            let shard = shardModel
            (manifest, unracedProducts) = manifest.withProducts(of: shard.productContests, profiles.products)
            let decision = try ScheduleChooser(manifest, model, shard, profiles).decide()
            (manifest, choice) = (decision.manifest, decision.choice)
            rules = try manifest.rules(model, ParameterNames(family?.exported, adapted?.tensors))
            schedule = try Self.schedule(manifest)
            placement = Placement(
                schedule, replicas: manifest.replicas, shards: manifest.tensor, byHand: manifest.byHand,
                elsewhere: manifest.hosts.indices.filter { manifest.hosts[$0] != "" })
            optimizer = manifest.optimizer
            let (model, states) = (model, optimizer.state.count)
            headShare = manifest.partition == .flops ? manifest.countedShare() : nil
            let places = try Self.cut(
                model, manifest, schedule, headShare: headShare, StepCosts(manifest, shard, of: model, states, profiles)
            )
            cuts = model.names.cuts(places)
            isPlanned = manifest.partition == .profile || decision.hasPlannedCuts
            try Self.checkPacking(model, manifest)
            var settled = manifest
            if isPlanned || (manifest.partition == .flops && manifest.data.source.hasLengths) {
                settled.partition = .cuts(cuts)
            }
            layout = PipelineLayout(model, cuts: places)
            let used = Self.usedLinks(layout, schedule)
            if !choosesLinks { try Self.checkCompression(settled, used) }
            self.manifest = settled.keepingLinks(used)
            edges = Self.edges(layout)
            let depth = max(2, schedule.stageCount)
            let forward = manifest.evaluation == nil ? nil : schedule.forwardOnly
            let least = try forward?.smallestQueueDepth(edges: edges, atLeast: depth) ?? depth
            queueDepth = try schedule.smallestQueueDepth(edges: edges, atLeast: least) ?? least
            try schedule.validate(edges: edges, queueDepth: queueDepth)
            try forward?.validate(edges: edges, queueDepth: queueDepth)
            let exchanges = Self.exchanges(model, layout, schedule)
            lowered = try schedule.lower(
                edges: edges, exchanges: exchanges, hasReplicas: manifest.replicas > 1)
            try lowered.checkReductions()
            forwardPass = try forward?.lower(edges: edges, exchanges: exchanges)
            learningRate = try LearningRateSchedule(
                peak: optimizer.learningRate, manifest.learningRate, steps: manifest.steps)
            clipping = try manifest.clip.map { limit in try Clipping(maximumNorm: limit) }
        } catch let error as RunFailure {
            throw error
        } catch let error as ScheduleError {
            throw manifest.failure(error)
        } catch {
            throw .badInput(error)
        }
    }

    /// Which part of the head's rows is computed, by the data's targets.
    package func shareOfHead() -> Double { headShare ?? manifest.countedShare() }

    /// What an update waits for; nil on devices that compute nothing.
    package var gate: UpdateRule? {
        if clipping != nil || manifest.precision.lossScaler != nil { return .sum }
        let hasReplicas = manifest.replicas > 1
        guard manifest.devices.allSatisfy({ $0.kind != .sim }) else { return nil }
        // Where no backward is split, rank 0's last one ends after all other ranks' work, so that waiting costs nothing.
        let isWhole = layout.stages.indices.allSatisfy { !lowered.splitsBackward(stage: $0) }
        return isWhole || hasReplicas || manifest.onNaN != .stop || manifest.mirror ? .all : .own
    }
    /// Whether updates are decided before the answer to their gradients' norm is there.
    package var speculates: Bool { manifest.speculate && isTraining && placement.rankCount > 1 && gate == .sum }
    /// The device that a rank owns.
    public func device(of rank: Int) -> PipelineManifest.Device { manifest.devices[placement.device(of: rank)] }
    /// `cpu:0`, or `cpu:0 of node-b` where that is another host than the coordinator's.
    package func place(of rank: Int) -> String {
        let (device, hosts) = (placement.device(of: rank), manifest.hosts)
        guard hosts.indices.contains(device), hosts[device] != "" else { return "\(manifest.devices[device])" }
        return "\(manifest.devices[device]) of \(hosts[device])"
    }
    /// What a rank computes, receives and sends in a step.
    package func program(of rank: Int) -> RankProgram { lowered.ranks[placement.position(of: rank)] }
    /// What is recomputed in the backward instead of kept from the forward.
    public var recomputation: Recomputation { manifest.recompute }
    /// Tokens (or rows) of one step, padding included: what the model computes.
    public var tokensPerStep: Int {
        manifest.data.rows(manifest.batch) * manifest.batch.microBatchesPerStep
            * (manifest.data.sequence ?? 1)
    }
    /// FLOPs of forward and backward of one step, the loss included; recomputation does not count.
    public var flopsPerStep: Double {
        model.flopsPerMicroBatch * Double(manifest.batch.microBatchesPerStep)
    }
    /// The index of the edge that carries targets, behind the crossings' edges.
    public var targetsEdge: Int? { edges.count > layout.crossings.count ? layout.crossings.count : nil }

    /// `layers 0–4 (embedding, 4 × transformer)`; `layers 0–4.attention (embedding, 3 × transformer, attention)`
    public func describe(stage: Int) -> String {
        let (range, names) = (layout.stages[stage].entries, model.names)
        var runs: [(kind: String, count: Int)] = []
        for layer in names.layers(in: range) {
            let entries = model.entries[layer.places]
            let kinds = layer.isWhole ? [entries[entries.startIndex].kind] : entries.map { $0.part ?? $0.kind }
            for kind in kinds {
                if runs.last?.kind == kind { runs[runs.count - 1].count += 1 } else { runs.append((kind, 1)) }
            }
        }
        let list = runs.map { $0.count == 1 ? $0.kind : "\($0.count) × \($0.kind)" }.joined(separator: ", ")
        return "\(names.text(range)) (\(list))"
    }

    /// What the first stage is given for one micro-batch.
    /// - Parameter length: of each row; nil: the longest.
    static func input(of manifest: PipelineManifest, length: Int? = nil) -> TensorSpec {
        if case .rows(_, let inputs, _) = manifest.data.source {
            return TensorSpec([manifest.batch.micro, inputs], manifest.precision.dtype)
        }
        return TensorSpec([manifest.data.rows(manifest.batch), length ?? manifest.data.sequence ?? 1], .i32)
    }

    private static func edges(_ layout: PipelineLayout) -> [Edge] {
        layout.crossings.map {
            Edge(
                from: $0.from, to: $0.to, kind: $0.to == $0.from + 1 ? .boundary : .portal,
                carriesGradient: !$0.gradients.isEmpty)
        } + Edge.targets(stages: layout.stages.count)
    }
}

extension PipelineManifest.Precision {
    /// Of activations and of what matrix products read.
    var dtype: DType {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .f16: .f16
        }
    }

    /// The loss scaler that f16 needs.
    package var lossScaler: LossScaler? { lossScaler(nil) }

    /// - Parameter state: where a run goes on; nil: at the beginning.
    package func lossScaler(_ state: LossScaler.State?) -> LossScaler? {
        guard case .f16(let scale) = self else { return nil }
        return LossScaler(scale, state: state)
    }
}
