import Families
import Manifests
package import Models
package import Runs
import Scheduling
package import Tensors

/// How devices share each layer.
extension TrainingPlan {
    /// Which part of its layers a rank has; nil where each device has all of them.
    package func shard(of rank: Int) -> TensorShard? {
        manifest.tensor > 1 ? TensorShard(index: placement.shard(of: rank), count: manifest.tensor) : nil
    }

    /// The model of one shard, for the longest micro-batches.
    package func model(ofShard index: Int) throws(RunFailure) -> ModelGraph {
        guard manifest.tensor > 1, index != shardModel.shard?.index else { return shardModel }
        do {
            return try Self.graph(
                manifest, adapted?.adaptation ?? .none, shard: TensorShard(index: index, count: manifest.tensor))
        } catch {
            throw .badInput("\(manifest.mark(of: "tensor")): \(error)")
        }
    }

    /// Of the first shard.
    /// - Throws: a user's mistake: layers that cannot be shared by so many.
    static func shardModel(
        _ manifest: PipelineManifest, _ adaptation: Adaptation
    ) throws(RunFailure) -> ModelGraph {
        do {
            return try graph(manifest, adaptation, shard: TensorShard(index: 0, count: manifest.tensor))
        } catch {
            throw .badInput("\(manifest.mark(of: "tensor")): tensor: \(manifest.tensor): \(error)")
        }
    }

    /// - Parameter length: of each row; nil: the longest.
    static func graph(
        _ manifest: PipelineManifest, _ adaptation: Adaptation, length: Int? = nil, shard: TensorShard?
    ) throws(ModelError) -> ModelGraph {
        try ModelGraph(
            manifest.model, input: input(of: manifest, length: length), dtype: manifest.precision.dtype,
            adaptation: adaptation, shard: shard)
    }

    /// The largest tensor that the shards of a rank's stages sum, in bytes; 0 where there is one.
    package func greatestSum(of rank: Int) -> Int {
        guard manifest.tensor > 1 else { return 0 }
        let backend = device(of: rank).backend(manifest.simulation)
        return placement.stages(of: rank).map { stage in
            StageProgram(
                shardModel, layout, stage: stage, splitsBackward: lowered.splitsBackward(stage: stage),
                recomputation: recomputation, on: backend
            ).sums.greatestBytes
        }.max() ?? 0
    }
}
