package import Manifests
import Models
public import Partitioning

/// What a plan chose for `schedule: auto`, and what that is predicted to bring.
public struct ScheduleChoice: Codable, Hashable, Sendable {
    /// Name of the schedule: `zb-v`, or `zb-v, fitted` where its order was fitted to what the stages take.
    public var schedule: String
    /// Stages of each device.
    public var virtual: Int
    /// The first layer of each stage but the first.
    public var cuts: [Cut]
    /// Copies of the pipeline, where `lanes` let that be chosen too; nil: as many as the manifest says.
    public var replicas: Int?
    /// What is recomputed, as in the manifest, where nothing fits `memory` otherwise, or nothing as fast; nil: what the
    /// manifest says.
    public var recompute: String?
    /// By which part a step takes longer for that than without limits of memory; nil where nothing is computed again for them.
    public var delay: Double?
    /// By which part more tokens a second than with 1f1b and its best cuts: 0.04 for 4 % more. nil: 1f1b does not fit memory,
    /// or there is one stage alone.
    public var gain: Double?
}

extension ScheduleChoice {
    /// `schedule auto: zb-v, cuts 3 5 8, predicted to be 4.0 % faster than 1f1b`
    public var text: String {
        let replicasText = replicas.map { "\($0) \($0 == 1 ? "replica" : "replicas"), " } ?? ""
        let cutsText = cuts.isEmpty ? "" : ", cuts \(PlanChoices.text(cuts: cuts))"
        let recomputeText = recompute.map { ", recompute: \($0), so that it fits memory\(delayText)" } ?? ""
        return "schedule auto: \(replicasText)\(schedule)\(cutsText)\(recomputeText), \(gainText)"
    }

    private var delayText: String {
        delay.map { " (\($0.percentText) more time than with enough of it)" } ?? ""
    }

    private var gainText: String {
        guard let gain else { return cuts.isEmpty ? "as one stage waits for no other" : "as 1f1b does not fit memory" }
        return gain < 0.0005
            ? "which no other is predicted to outrun" : "predicted to be \(gain.percentText) faster than 1f1b"
    }
}

extension TrainingPlan {
    /// The manifest as it was before anything was chosen or cut for it: what to plan from when something else is known.
    package var undecided: PipelineManifest {
        var original = manifest
        if isPlanned { original.partition = .profile }
        guard let choice else { return original }
        (original.schedule, original.virtual) = (.auto, 1)
        if choice.recompute != nil { original.recompute = .none }
        if choice.replicas != nil { original = original.sharedOut(.init(replicas: 1, tensor: original.tensor)) }
        return original
    }
}
