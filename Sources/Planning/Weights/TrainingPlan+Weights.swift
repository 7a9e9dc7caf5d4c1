package import Checkpoints
import Layers
import Manifests
package import Models
import Scheduling
import Tensors

extension TrainingPlan {
    /// Whether this rank shares its cores with no other worker.
    package func hasCoresToItself(rank: Int) -> Bool {
        let device = device(of: rank)
        let others = placement.ranks.filter { $0 != rank }
        return device.kind == .cpu && others.allSatisfy { !self.device(of: $0).cores.overlaps(device.cores) }
    }

    /// The weights file: every parameter, in the model's order; tied ones once, under the first one's name.
    package func weightsLayout() throws(CheckpointError) -> SafetensorsLayout {
        try SafetensorsLayout(model.storedParameters, metadata: ["format": "pt"])
    }
}

extension Weights {
    /// Throws an error that lists every tensor that does not fit the model. A file may hold tied parameters under the names of
    /// all of them, as PyTorch's state dicts do: the first one's counts.
    /// - Parameter needsAdapters: whether it has to hold those of the model; else it may hold none of them.
    package func check(_ model: ModelGraph, needsAdapters: Bool = true) throws(CheckpointError) {
        let adapters = model.adapterParameters
        let hasAdapters = needsAdapters || adapters.contains { self[$0.name] != nil }
        let stored = hasAdapters ? model.storedParameters : model.baseParameters
        let once = Set(stored.map(\.name))
        let repeated = model.parameters.filter { !once.contains($0.name) && self[$0.name] != nil }
        try check(stored + repeated.map { ($0.name, TensorSpec($0.shape)) })
    }
}
