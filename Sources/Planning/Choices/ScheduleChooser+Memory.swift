import Manifests
import Models
import Runs

/// What is computed again where memory is short.
extension ScheduleChooser {
    func fits(_ manifest: PipelineManifest) -> Bool { plan(manifest) != nil }

    /// nil where it does not fit.
    private func plan(_ manifest: PipelineManifest) -> TrainingPlan? {
        guard let plan = try? TrainingPlan(manifest, profiles: profiles), (try? plan.checkMemoryLimits()) != nil else {
            return nil
        }
        return plan
    }

    /// With as few layers computed again as fit, or else the whole stage; nil where nothing fits.
    func recomputing(_ manifest: PipelineManifest) -> TrainingPlan? {
        let ways = RecomputedLayers.proposals(model).map { PipelineManifest.Recompute.layers($0) } + [.stage]
        for way in ways {
            var manifest = manifest
            manifest.recompute = way
            if let found = plan(manifest) { return try? RecomputedLayers.fewest(found, profiles) }
        }
        return nil
    }

    /// Computes activations again where only that fits, or where a faster schedule fits so: as few layers' as are enough.
    func fastestThatFits() throws(RunFailure) -> Candidate {
        guard manifest.memory != nil else { return try fastest(.none) }
        var best = try? fastest(.none)
        if let best, let free = unlimitedRate, best.tokensPerSecond > free * 0.995 { return best }
        for layers in RecomputedLayers.proposals(model) {
            guard let found = try? fastest(.layers(layers)).plan,
                let plan = try? RecomputedLayers.fewest(found, profiles), let costs = costs(plan.manifest),
                let rate = try? StepPrediction(plan, costs).tokensPerSecond
            else { continue }
            if rate > best?.tokensPerSecond ?? -1 { best = (plan, rate) }
        }
        guard let best else { return try fastest(.stage) }
        return best
    }

    /// Tokens a second of what would be chosen without limits of memory.
    private var unlimitedRate: Double? {
        var free = manifest
        free.memory = nil
        return try? ScheduleChooser(free, model, shard, profiles).fastest(manifest.recompute).tokensPerSecond
    }

    /// By how much a step takes longer than it would without limits of memory; nil where nothing is computed again for them.
    func delay(_ found: Candidate) -> Double? {
        guard found.plan.manifest.recompute != manifest.recompute, let free = unlimitedRate, found.tokensPerSecond > 0
        else { return nil }
        return max(free / found.tokensPerSecond - 1, 0)
    }
}
