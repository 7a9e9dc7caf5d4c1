package import Datasets
import Families
import Layers
package import Manifests
package import Models
package import Runs
import Scheduling
package import Tensors

/// Micro-batches whose samples differ in length.
extension TrainingPlan {
    /// What micro-batches are padded to; nil where all have one shape.
    package var ladder: LengthLadder? {
        guard let longest = manifest.data.sequence, manifest.data.source.hasLengths else { return nil }
        return LengthLadder(longest: longest)
    }

    /// The same of what is evaluated between steps.
    package var heldOutLadder: LengthLadder? {
        manifest.evaluation?.source.hasLengths == true ? ladder : nil
    }

    /// Whether samples share rows in what is evaluated, as they do in steps.
    package var isHeldOutPacked: Bool { manifest.data.isPacked }

    /// The model for each length of micro-batches, or a shard of it, the shortest first.
    package func graphs(ofShard shard: TensorShard? = nil) throws(RunFailure) -> [ModelGraph] {
        let longest = try shard.map { shard throws(RunFailure) in try model(ofShard: shard.index) } ?? model
        do throws(ModelError) {
            return try (ladder?.rungs.dropLast() ?? []).map { length throws(ModelError) in
                try Self.graph(manifest, adapted?.adaptation ?? .none, length: length, shard: shard)
            } + [longest]
        } catch {
            throw .badInput(error)
        }
    }
}

// Rows that hold several samples.
extension TrainingPlan {
    /// What tells a stage where the samples of a row lie: how many there are, then the length of each, padding as one more;
    /// nil where each row is one sample.
    package var documents: TensorSpec? {
        manifest.data.isPacked ? TensorSpec([2 + manifest.batch.global], .i32) : nil
    }

    /// Whether an edge carries, forward and behind its values, where the samples of a row lie.
    package func carriesDocuments(_ edge: Int) -> Bool {
        documents != nil && edge != targetsEdge && edges[edge].kind == .boundary
    }

    /// Throws where samples that share a row would not stay apart.
    static func checkPacking(_ model: ModelGraph, _ manifest: PipelineManifest) throws(RunFailure) {
        guard manifest.data.isPacked else { return }
        if let evaluation = manifest.evaluation, !evaluation.source.hasLengths {
            throw .badInput(
                "\(manifest.mark(of: "evaluate.data")): evaluate.data has samples of one length beside data.pack; expected "
                    + "samples that share rows, or no data.pack")
        }
        guard let node = model.nodes.first(where: { !$0.layer.separatesDocuments }) else { return }
        throw .badInput(
            "\(manifest.mark(of: "data")): data.pack with layer \(model.entries[node.entry].name), \(node.layer.kind), which may mix samples "
                + "that share a row; expected layers that keep them apart, or no data.pack")
    }
}

extension PipelineManifest.Data.Source {
    /// Whether samples may differ in length.
    package var hasLengths: Bool {
        switch self {
        case .samples, .shards: true
        case .text, .tokens, .random, .rows: false
        }
    }
}
