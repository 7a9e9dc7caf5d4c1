import Foundation
import Layers
import Manifests
import Models
import Optimizers
public import Runs
import Scheduling
import Tensors

/// What `echelon plan` shows: what is known of a run before it starts.
///
///     let report = try PlanReport(TrainingPlan(manifest))
///     print(report.text())
///     print(report.prediction?.stepSeconds ?? 0, report.idealBubble)
public struct PlanReport: Codable, Sendable {
    /// Version of the JSON form.
    public var version = 1
    /// Name of the schedule: `1f1b`, or that of a written one.
    public var schedule: String
    /// Micro-batches of one step.
    public var microBatches: Int
    /// Copies of the pipeline.
    public var replicas: Int
    /// Devices that share each layer.
    public var shards: Int
    /// Tokens (or rows) of one step.
    public var tokensPerStep: Int
    /// How many numbers the model's parameters hold.
    public var parameters: Int
    /// How many numbers are trained, adapters' included; nil: all of the model's.
    public var trainedParameters: Int?
    /// FLOPs of forward and backward of one step, the loss included; recomputation does not count.
    public var flopsPerStep: Double
    /// One entry for each layer, in model order.
    public var layers: [LayerLine]
    /// One entry for each stage, in pipeline order.
    public var stages: [StageLine]
    /// What crosses between stages, for each pair of stages; the targets' way comes last.
    public var crossings: [CrossingLine]
    /// Idle ÷ wall time, 0…1, of the schedule with equal stages and free messages: F, I and W take one unit, B two.
    public var idealBubble: Double
    /// Idle ÷ wall time, 0…1, of the schedule with free messages, where each stage takes as long as its FLOPs: a third
    /// of them
    /// in the forward.
    public var predictedBubble: Double
    /// nil where the layers' times are not known: `predictionNote` says what to do about that.
    public var prediction: StepPrediction?
    /// Why there is no `prediction`; nil where there is one.
    public var predictionNote: String?
    /// A lower bound of the step over all cuts; nil where none is known.
    public var leastStepSeconds: Double?
    /// Whether `partition: profile` chose the cuts.
    public var isPlanned: Bool
    /// What was chosen for `schedule: auto`; nil where the pipeline names its schedule.
    public var choice: ScheduleChoice?
    /// By rank.
    public var memory: [RankMemory]
    /// A drawing of the schedule in time, of at most 100 columns and 64 rows.
    public var grid: String
    /// Who computes which matrix products, where a table says so: `f32 512x2048x512 nt onednn-sgemm`; nil: all follow the
    /// rules for the processor.
    public var products: [String]?
    /// Of `products: tuned`, sizes that nobody has raced for yet.
    public var unracedProducts: Int
    /// The manifest in YAML, with all defaults and the chosen cuts written out.
    public var manifest: String

    /// One layer of the model.
    public struct LayerLine: Codable, Sendable {
        /// Its place in the model, counted from 0, with the part's name where it may be cut inside: `3`, `3.mlp`.
        public var name: String
        /// Which kind of layer: `transformer`.
        public var kind: String
        /// Element type and shape of each of its outputs, for one micro-batch.
        public var output: [String]
        /// How many numbers its parameters hold.
        public var parameters: Int
        /// FLOPs of forward and backward of one micro-batch.
        public var flops: Double
        /// The stage that it is in.
        public var stage: Int
    }

    /// One stage of the pipeline: its owner, its layers and its memory.
    public struct StageLine: Codable, Sendable {
        /// Number of the stage.
        public var stage: Int
        /// The rank that owns it.
        public var rank: Int
        /// That rank's device, as in the manifest: `cpu:0`.
        public var device: String
        /// Its layers in words: `layers 0–4 (embedding, 4 × transformer)`.
        public var layers: String
        /// How many numbers its parameters hold.
        public var parameters: Int
        /// Of one micro-batch: forward and backward.
        public var flops: Double
        /// The most micro-batches whose activations it holds at one time.
        public var inFlight: Int
        /// Bytes of weights, gradients, optimizer state and 16-bit copies.
        public var stateBytes: Int
        /// Bytes of the activations of all micro-batches in flight, and of what their backward halves defer.
        public var activationBytes: Int
        /// Bytes that all passes share, one after another.
        public var transientBytes: Int
        /// Bytes of the process itself: program, libraries, their buffers. Stages of one rank share one process.
        public var processBytes: Int
        /// Bytes of all four.
        public var totalBytes: Int
    }

    /// What one rank's process takes with all its stages.
    public struct RankMemory: Codable, Sendable {
        /// Number of the rank.
        public var rank: Int
        /// Its device, as in the manifest: `cpu:0`.
        public var device: String
        /// Bytes of its stages and, once, of its process.
        public var bytes: Int
        /// Bytes that the manifest allows it; nil: no limit.
        public var limitBytes: Int?
    }

    /// What one stage sends another for each micro-batch.
    public struct CrossingLine: Codable, Sendable {
        /// The stage that makes the tensors.
        public var from: Int
        /// The stage that uses them.
        public var to: Int
        /// What they are: `boundary`, `portal` or `targets`.
        public var kind: String
        /// Element type and shape of each tensor that goes forward.
        public var tensors: [String]
        /// Payload bytes of one micro-batch on the way forward.
        public var forwardBytes: Int
        /// Payload bytes of one micro-batch's gradients on the way back; 0 where none are sent.
        public var backwardBytes: Int
    }

    /// Counts and simulates the plan; with a profile of its model in `profiles` (or on simulated devices) it predicts
    /// the step.
    public init(_ plan: TrainingPlan, profiles: ProfileCache = .standard) throws(RunFailure) {
        schedule = plan.schedule.name
        microBatches = plan.schedule.microBatches
        (replicas, shards) = (plan.manifest.replicas, plan.manifest.tensor)
        tokensPerStep = plan.tokensPerStep
        parameters = plan.model.parameterCount
        trainedParameters = plan.adapted.map { _ in plan.model.trainedCount }
        flopsPerStep = plan.flopsPerStep
        layers = Self.layerLines(plan)
        stages = plan.layout.stages.map { Self.stageLine(plan, $0) }
        crossings = Self.crossingLines(plan)
        manifest = plan.manifest.resolvedYAML()
        isPlanned = plan.isPlanned
        choice = plan.choice
        if case .table(let table) = plan.manifest.products { products = table.rows.map(\.description) }
        unracedProducts = plan.unracedProducts
        memory = plan.placement.ranks.map { rank in
            RankMemory(
                rank: rank, device: plan.device(of: rank).description, bytes: plan.memory(ofRank: rank),
                limitBytes: plan.manifest.memory?[plan.placement.device(of: rank)])
        }
        if let costs = plan.costs(profiles) {
            prediction = try StepPrediction(plan, costs)
            leastStepSeconds = try costs.leastSeconds(plan.schedule, plan.manifest)
        } else {
            predictionNote =
                plan.manifest.sharedDevice != nil
                ? "workers that share a device wait for each other, which is not simulated"
                : "no profile of this model on this machine; \(plan.manifest.profileAdvice)"
        }
        do {
            let equal = StageTimes.units(stages: stages.count)
            let byFlops = Self.timesByFlops(plan)
            let simulator = try Simulator(plan.schedule, edges: plan.edges)
            let links = [LinkTime](repeating: .free, count: plan.edges.count)
            idealBubble = try simulator.step(times: equal, linkTimes: links).bubbleFraction
            predictedBubble = try simulator.step(times: byFlops, linkTimes: links).bubbleFraction
            grid = try plan.schedule.grid(edges: plan.edges, maxColumns: 100, maxRows: 64)
        } catch {
            throw .badInput(error)
        }
    }

    /// What the stages' passes take by their FLOPs: a third in the forward, but for models of which a part is trained.
    private static func timesByFlops(_ plan: TrainingPlan) -> StageTimes {
        StageTimes(
            stages: plan.layout.stages.map { stage in
                let costs = plan.model.entries[stage.entries].map(\.cost)
                let total = costs.reduce(0) { $0 + $1.total }
                guard plan.adapted != nil else {
                    return StageTimes.Stage(forward: total / 3, backward: total * 2 / 3)
                }
                let input = costs.reduce(0) { $0 + $1.backwardInput }
                let weight = costs.reduce(0) { $0 + $1.backwardWeight }
                return StageTimes.Stage(
                    forward: total - input - weight, backward: input + weight, backwardInput: input,
                    backwardWeight: weight)
            })
    }

    private static func layerLines(_ plan: TrainingPlan) -> [LayerLine] {
        plan.layout.stages.flatMap { stage in
            plan.model.entries[stage.entries].map { entry in
                LayerLine(
                    name: entry.name, kind: entry.kind, output: entry.outputs.map(\.description),
                    parameters: entry.parameterCount, flops: entry.cost.total, stage: stage.index)
            }
        }
    }

    private static func stageLine(_ plan: TrainingPlan, _ stage: PipelineLayout.Stage) -> StageLine {
        let entries = plan.model.entries[stage.entries]
        let parameters = entries.reduce(0) { $0 + $1.parameterCount }
        let memory = plan.memory(ofStage: stage.index)
        let rank = plan.placement.rank(ofStage: stage.index)
        return StageLine(
            stage: stage.index, rank: rank,
            device: plan.deviceText(ofStage: stage.index),
            layers: plan.describe(stage: stage.index), parameters: parameters,
            flops: entries.reduce(0) { $0 + $1.cost.total }, inFlight: plan.slotCount(ofStage: stage.index),
            stateBytes: memory.state, activationBytes: memory.activations, transientBytes: memory.transient,
            processBytes: TrainingPlan.processBytes,
            totalBytes: memory.total.saturatingPlus(TrainingPlan.processBytes))
    }

    private static func crossingLines(_ plan: TrainingPlan) -> [CrossingLine] {
        var lines = plan.layout.crossings.enumerated().map { index, crossing in
            let specs = crossing.values.map { plan.model.values[$0].spec }
            return CrossingLine(
                from: crossing.from, to: crossing.to, kind: plan.edges[index].kind.rawValue,
                tensors: specs.map(\.description),
                forwardBytes: specs.reduce(0) { $0 + plan.payload(ofEdge: index, $1) },
                backwardBytes: crossing.gradients.reduce(0) {
                    $0 + plan.payload(ofEdge: index, plan.model.values[$1.value].spec)
                })
        }
        if let edge = plan.targetsEdge {
            let spec = plan.model.targets
            lines.append(
                CrossingLine(
                    from: plan.edges[edge].from, to: plan.edges[edge].to, kind: "targets",
                    tensors: [spec.description], forwardBytes: spec.byteCount + 8, backwardBytes: 0))
        }
        return lines
    }

    /// The JSON text of `plan --json`.
    public func json() throws -> String { try JSONForm.text(self) }
}
