package import Checkpoints
import Manifests
import Models
import Scheduling
import Tensors

extension TrainingPlan {
    /// Whether this rank shares its cores with no other worker.
    package func hasCoresToItself(rank: Int) -> Bool {
        let device = device(of: rank)
        let others = placement.ranks.filter { $0 != rank }
        return device.kind == .cpu && others.allSatisfy { !self.device(of: $0).cores.overlaps(device.cores) }
    }

    /// The weights file: every parameter, in the model's order.
    package func weightsLayout() throws(CheckpointError) -> SafetensorsLayout {
        try SafetensorsLayout(
            model.parameters.map { ($0.name, TensorSpec($0.shape)) }, metadata: ["format": "pt"])
    }
}
