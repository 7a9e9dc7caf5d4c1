import Foundation
import Layers
import Manifests
import Models
import Optimizers
public import Runs
import Scheduling
import Tensors

/// What `echelon plan` shows: what is known of a run before it starts.
public struct PlanReport: Codable, Sendable {
    public var version = 1
    public var schedule: String
    public var microBatches: Int
    public var tokensPerStep: Int
    public var parameters: Int
    public var flopsPerStep: Double
    public var layers: [LayerLine]
    public var stages: [StageLine]
    public var crossings: [CrossingLine]
    /// Idle over wall: of the schedule with equal stages, and with the stages' FLOPs.
    public var idealBubble: Double
    public var predictedBubble: Double
    /// nil where the layers' times are not known: `predictionNote` says what to do about that.
    public var prediction: StepPrediction?
    public var predictionNote: String?
    /// A lower bound of the step over all cuts; nil where none is known.
    public var leastStepSeconds: Double?
    /// Whether `partition: profile` chose the cuts.
    public var isPlanned: Bool
    /// By rank.
    public var memory: [RankMemory]
    public var grid: String
    public var manifest: String

    public struct LayerLine: Codable, Sendable {
        public var index: Int
        public var kind: String
        public var output: [String]
        public var parameters: Int
        public var flops: Double
        public var stage: Int
    }

    public struct StageLine: Codable, Sendable {
        public var stage: Int
        public var rank: Int
        public var device: String
        public var layers: String
        public var parameters: Int
        /// Of one micro-batch: forward and backward.
        public var flops: Double
        /// Micro-batches in flight.
        public var inFlight: Int
        /// Bytes: weights, gradients and optimizer state; activations of all micro-batches in flight; shared by passes.
        public var stateBytes: Int
        public var activationBytes: Int
        public var transientBytes: Int
        /// The process itself: program, libraries, their buffers.
        public var processBytes: Int
        public var totalBytes: Int
    }

    public struct RankMemory: Codable, Sendable {
        public var rank: Int
        public var device: String
        public var bytes: Int
        /// nil: none.
        public var limitBytes: Int?
    }

    public struct CrossingLine: Codable, Sendable {
        public var from: Int
        public var to: Int
        public var kind: String
        public var tensors: [String]
        /// Of one micro-batch, forward and back.
        public var forwardBytes: Int
        public var backwardBytes: Int
    }

    public init(_ plan: TrainingPlan, profiles: ProfileCache = .standard) throws(RunFailure) {
        schedule = plan.schedule.name
        microBatches = plan.schedule.microBatches
        tokensPerStep = plan.tokensPerStep
        parameters = plan.model.parameterCount
        flopsPerStep = plan.flopsPerStep
        layers = Self.layerLines(plan)
        stages = plan.layout.stages.map { Self.stageLine(plan, $0) }
        crossings = Self.crossingLines(plan)
        manifest = plan.manifest.resolvedYAML()
        isPlanned = plan.isPlanned
        memory = plan.placement.ranks.map { rank in
            RankMemory(
                rank: rank, device: plan.device(of: rank).description, bytes: plan.memory(ofRank: rank),
                limitBytes: plan.manifest.memory?[plan.placement.device(of: rank)])
        }
        if plan.manifest.sharedDevice != nil {
            predictionNote = "workers that share a device wait for each other, which is not simulated"
        } else if let costs = StepCosts(plan.manifest, plan.model, plan.optimizer.state.count, profiles) {
            prediction = try StepPrediction(plan, costs)
            leastStepSeconds = try costs.leastSeconds(plan.schedule, plan.manifest)
        } else {
            predictionNote = "no profile of this model on this machine; \(plan.manifest.profileAdvice)"
        }
        do {
            let equal = StageTimes.units(stages: stages.count)
            let byFlops = StageTimes(
                stages: stages.map { StageTimes.Stage(forward: $0.flops / 3, backward: $0.flops * 2 / 3) })
            let simulator = try Simulator(plan.schedule, edges: plan.edges)
            let links = [LinkTime](repeating: .free, count: plan.edges.count)
            idealBubble = try simulator.step(times: equal, linkTimes: links).bubbleFraction
            predictedBubble = try simulator.step(times: byFlops, linkTimes: links).bubbleFraction
            grid = try plan.schedule.grid(edges: plan.edges, maxColumns: 100, maxRows: 64)
        } catch {
            throw .badInput(error)
        }
    }

    private static func layerLines(_ plan: TrainingPlan) -> [LayerLine] {
        plan.layout.stages.flatMap { stage in
            plan.model.entries[stage.entries].map { entry in
                LayerLine(
                    index: entry.index, kind: entry.kind, output: entry.outputs.map(\.description),
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
            stage: stage.index, rank: rank, device: plan.device(of: rank).description,
            layers: plan.describe(stage: stage.index), parameters: parameters,
            flops: entries.reduce(0) { $0 + $1.cost.total }, inFlight: plan.lowered.slotCount[stage.index],
            stateBytes: memory.state, activationBytes: memory.activations, transientBytes: memory.transient,
            processBytes: TrainingPlan.processBytes,
            totalBytes: memory.state.saturatingPlus(memory.activations).saturatingPlus(memory.transient).saturatingPlus(
                TrainingPlan.processBytes))
    }

    private static func crossingLines(_ plan: TrainingPlan) -> [CrossingLine] {
        var lines = plan.layout.crossings.enumerated().map { index, crossing in
            let specs = crossing.values.map { plan.model.values[$0].spec }
            return CrossingLine(
                from: crossing.from, to: crossing.to, kind: plan.edges[index].kind.rawValue,
                tensors: specs.map(\.description), forwardBytes: specs.reduce(0) { $0 + $1.byteCount },
                backwardBytes: crossing.gradients.reduce(0) { $0 + plan.model.values[$1.value].spec.byteCount })
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

    public func json() throws -> String { try JSONForm.text(self) }
}
