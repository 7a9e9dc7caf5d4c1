package import Manifests
import Models
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
        manifest.devices = placement.ranks.filter { !ranks.contains($0) }.map { device(of: $0) }
        guard !manifest.devices.isEmpty else { return nil }
        if let limits = manifest.memory {
            manifest.memory = placement.ranks.filter { !ranks.contains($0) }.map { limits[placement.device(of: $0)] }
        }
        // Cuts are for as many stages as there were.
        if case .cuts = manifest.partition { manifest.partition = .flops }
        if manifest.devices.count == 1 {
            (manifest.mirror, manifest.recut, manifest.elastic) = (false, nil, false)
        }
        let plan = try TrainingPlan(manifest)
        try plan.checkMemoryLimits()
        return plan
    }

    /// `layers 3–5 go from worker 0 to worker 1`: what other cuts mean, for people.
    package func moveText(to other: TrainingPlan) -> String {
        var moves: [String] = []
        for old in layout.stages {
            for target in other.layout.stages where target.index != old.index {
                let moved = old.entries.clamped(to: target.entries)
                guard !moved.isEmpty else { continue }
                let (from, to) = (placement.rank(ofStage: old.index), placement.rank(ofStage: target.index))
                let layers =
                    moved.count == 1
                    ? "layer \(moved.lowerBound) goes" : "layers \(moved.lowerBound)–\(moved.upperBound - 1) go"
                moves.append("\(layers) from worker \(from) to worker \(to)")
            }
        }
        return moves.joined(separator: ", ")
    }
}
