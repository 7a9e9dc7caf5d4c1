import Checkpoints
import Manifests
import Models
import Tensors

/// Everything a user can get wrong that the manifest alone does not show: found before anything is started or written.
enum Preflight {
    static func check(_ plan: TrainingPlan) throws(RunFailure) {
        try checkDevices(plan.manifest)
        _ = try TrainingData(plan)
        try checkWeights(plan)
    }

    private static func checkDevices(_ manifest: PipelineManifest) throws(RunFailure) {
        let allowed = Cores.allowed
        for (rank, device) in manifest.devices.enumerated() where device.kind == .cpu {
            guard let missing = device.cores.first(where: { !allowed.contains($0) }) else { continue }
            let mark = manifest.marks["devices.\(rank)"] ?? manifest.marks["devices"]
            throw .badInput(
                (mark.map { "\($0): " } ?? "") + "device \(device): this process has no core \(missing); "
                    + "expected some of \(allowed.map { "cpu:\($0)" }.joined(separator: ", "))")
        }
    }

    private static func checkWeights(_ plan: TrainingPlan) throws(RunFailure) {
        guard let path = plan.manifest.weights else { return }
        do {
            try Weights(path: path).check(plan.model.parameters.map { ($0.name, TensorSpec($0.shape)) })
        } catch {
            throw .badInput((plan.manifest.marks["weights"].map { "\($0): " } ?? "") + "\(error)")
        }
    }
}
