public import Coordination
public import Manifests
import Models
import Planning
public import Runs
import Scheduling
import Systems

/// `schedule: auto`: what it is chosen by is measured on this machine, once.
public enum ScheduleTuning {
    /// The same pipeline, of which there is a profile now where `schedule: auto` needs one; one that goes on with the
    /// schedule of its run.
    ///
    /// Nothing is measured where the pipeline has another mistake.
    /// - Parameter options: of a run that is to start.
    public static func settled(
        _ manifest: PipelineManifest, _ options: Coordinator.Options
    ) throws(RunFailure) -> PipelineManifest {
        let manifest = options.keepingChoices(of: manifest)
        guard manifest.schedule == .auto, manifest.choosesByProfile else { return manifest }
        let plan = try TrainingPlan(manifest.beforeProfile)
        guard ProfileCache.standard.profile(for: ProfileKey(plan.manifest)) == nil else { return manifest }
        if options.hosts == nil { try Preflight.check(plan) }
        Console.note(
            "schedule: auto chooses by a profile of this model on this machine: measuring each layer, once; it takes as long "
                + "as some fifteen micro-batches of the whole model on one device")
        let start = MonotonicClock.now
        let profile = try LayerProfile.measure(manifest)
        let path = try ProfileCache.standard.keep(profile)
        let seconds = Double(MonotonicClock.now - start) / 1e9
        Console.note("measured in \(seconds.secondsText); kept in \(path)")
        return manifest
    }
}

extension PipelineManifest {
    /// Whether what `schedule: auto` chooses by has to be measured: sim devices say what layers take, and for one stage alone
    /// there is nothing to choose.
    fileprivate var choosesByProfile: Bool {
        (positions > 1 || replicas > 1) && devices[0].kind == .cpu && sharedDevice == nil
    }

    /// As much of it as can be planned before anything was measured: with a schedule and cuts that need no profile, under no
    /// limit.
    package var beforeProfile: PipelineManifest {
        guard schedule == .auto else { return self }
        var manifest = self
        (manifest.schedule, manifest.virtual) = (.named(.oneForwardOneBackward), 1)
        (manifest.partition, manifest.memory) = (.uniform, nil)
        if !isRecomputeWritten { manifest.recompute = .stage }
        return manifest
    }
}
