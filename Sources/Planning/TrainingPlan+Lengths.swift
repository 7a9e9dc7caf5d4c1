package import Datasets
import Manifests
package import Models
package import Runs
import Tensors

/// Micro-batches whose samples differ in length.
extension TrainingPlan {
    /// What micro-batches are padded to; nil where all have one shape.
    package var ladder: LengthLadder? {
        guard let longest = manifest.data.sequence, manifest.data.source.hasLengths else { return nil }
        return LengthLadder(longest: longest)
    }

    /// The model for each length of micro-batches, the shortest first: `model` is the last.
    package func graphs() throws(RunFailure) -> [ModelGraph] {
        do throws(ModelError) {
            return try (ladder?.rungs.dropLast() ?? []).map { length throws(ModelError) in
                try ModelGraph(
                    manifest.model, input: Self.input(of: manifest, length: length), dtype: model.dtype)
            } + [model]
        } catch {
            throw .badInput(error)
        }
    }
}

extension PipelineManifest.Data.Source {
    /// Whether samples may differ in length.
    package var hasLengths: Bool {
        switch self {
        case .samples: true
        case .text, .tokens, .random, .rows: false
        }
    }
}
