import Layers
import Manifests
import Models
import Runs
import Scheduling
import Tensors

/// Which layers' activations are computed again where memory is too small for all.
enum RecomputedLayers {
    /// A quarter, a half, three quarters and all of the layers that keep more than their input, spread evenly.
    static func proposals(_ model: ModelGraph) -> [[Int]] {
        let layers = keeping(model)
        guard !layers.isEmpty else { return [] }
        let quarters = (1...4).map { quarters in
            layers.indices.filter { ($0 + 1) * quarters / 4 > $0 * quarters / 4 }.map { layers[$0] }
        }
        return quarters.filter { !$0.isEmpty }
    }

    private static func keeping(_ model: ModelGraph) -> [Int] {
        let entries = model.entries.filter { entry in
            let nodes = model.nodes[entry.nodes]
            let saved = nodes.flatMap(\.plan.saved).reduce(0) { $0.saturatingPlus($1.byteCount) }
            let inputs = (nodes.first?.inputs ?? []).reduce(0) { $0.saturatingPlus(model.values[$1].spec.byteCount) }
            return nodes.count > 1 || saved > inputs
        }
        return Set(entries.map(\.layer)).sorted()
    }

    /// The same schedule and cuts with as few of its layers recomputed as fit, stage by stage.
    static func fewest(_ found: TrainingPlan, _ profiles: ProfileCache) throws(RunFailure) -> TrainingPlan {
        guard case .layers(var layers) = found.manifest.recompute else { return found }
        var plan = found
        for stage in plan.layout.stages {
            let own = layers.filter { layer in plan.model.entries[stage.entries].contains { $0.layer == layer } }
            // How many of them can be kept: none for certain, all at most.
            var (kept, tooMany) = (0, own.count + 1)
            while tooMany - kept > 1 {
                let count = (kept + tooMany) / 2
                let fewer = layers.filter { !own.prefix(count).contains($0) }
                var manifest = plan.manifest
                manifest.recompute = fewer.isEmpty ? .none : .layers(fewer)
                let candidate = try TrainingPlan(manifest, profiles: profiles)
                if (try? candidate.checkMemoryLimits()) != nil {
                    (kept, plan) = (count, candidate)
                } else {
                    tooMany = count
                }
            }
            layers.removeAll { own.prefix(kept).contains($0) }
        }
        return plan
    }
}
