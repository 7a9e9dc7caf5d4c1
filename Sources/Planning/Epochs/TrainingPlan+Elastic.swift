package import Manifests
import Models
import Partitioning
package import Runs
import Scheduling

extension PipelineManifest {
    /// Whether a run goes on by itself where a worker is lost.
    package var goesOnByItself: Bool { restart != nil || elastic || mirror || !spares.isEmpty }
}

extension TrainingPlan {
    /// The same run over the devices that are left.
    /// - Returns: nil where none is left.
    /// - Throws: where the model or the schedule does not fit them.
    package func without(_ ranks: Set<Int>) throws(RunFailure) -> TrainingPlan? {
        var manifest = manifest
        var left = placement.ranks.filter { !ranks.contains($0) }
        guard !left.isEmpty else { return nil }
        if let replicas = replicas(over: left.count) {
            left = Array(left.prefix(replicas * placement.positions * placement.shards))
            manifest.batch.microBatches = manifest.batch.microBatchesPerStep / replicas
            manifest.replicas = replicas
        } else {
            manifest.batch.microBatches = manifest.batch.microBatchesPerStep
            (manifest.replicas, manifest.tensor) = (1, 1)
            // Cuts, and links that were chosen, are for as many stages as there were.
            if case .cuts = manifest.partition { manifest.partition = .flops }
            if case .pairs = manifest.compress?.links {
                manifest.compress?.links = manifest.hosts.isEmpty ? .all : .hosts
            }
        }
        if let name = Schedule.name(ofFitted: schedule.name) {
            // An order is fitted to as many stages and micro-batches as there were.
            (manifest.schedule, manifest.virtual) = (.named(name), schedule.stageCount / schedule.rankCount)
        }
        manifest.devices = left.map { device(of: $0) }
        if !manifest.hosts.isEmpty { manifest.hosts = left.map { self.manifest.hosts[placement.device(of: $0)] } }
        if let limits = manifest.memory { manifest.memory = left.map { limits[placement.device(of: $0)] } }
        if manifest.devices.count == 1 {
            (manifest.mirror, manifest.recut, manifest.elastic, manifest.speculate) = (false, nil, false, false)
        }
        let plan = try TrainingPlan(manifest)
        try plan.checkMemoryLimits()
        return plan
    }

    /// The most replicas of as many stages as before, fewer than before, that so many devices are enough for and that share a
    /// step's micro-batches equally: with `lanes`, in the same sums. nil: there are not enough devices for one, or there
    /// was only one.
    private func replicas(over devices: Int) -> Int? {
        guard manifest.replicas > 1 else { return nil }
        return (1..<manifest.replicas).last { count in
            count * placement.positions * placement.shards <= devices
                && manifest.batch.microBatchesPerStep.isMultiple(of: count)
                && (manifest.lanes.map { $0.isMultiple(of: count) } ?? true)
        }
    }

    /// `layers 3–5 go from worker 0 to worker 1`: what other cuts mean, for people.
    package func moveText(to other: TrainingPlan) -> String {
        var moves: [String] = []
        let names = model.names
        for old in layout.stages {
            for target in other.layout.stages where target.index != old.index {
                let moved = old.entries.clamped(to: target.entries)
                guard !moved.isEmpty else { continue }
                let (from, to) = (placement.rank(ofStage: old.index), placement.rank(ofStage: target.index))
                let layers = names.text(moved) + (names.layers(in: moved).count == 1 ? " goes" : " go")
                moves.append("\(layers) from worker \(from) to worker \(to)")
            }
        }
        return moves.joined(separator: ", ")
    }
}
