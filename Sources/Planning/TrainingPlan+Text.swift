import Datasets
package import Manifests
import Models
import Tensors

extension PipelineManifest {
    /// Why `generate` has nothing to do with this model: it gives bytes of text and takes bytes. nil: it can write.
    fileprivate func obstacleToText(_ model: ModelGraph) -> String? {
        if devices.contains(where: { $0.kind == .sim }) { return "its devices were simulated, so it learnt nothing" }
        switch data.source {
        case .text: break
        case .rows: return "it was trained on rows of numbers"
        case .tokens: return "it was trained on a token file, and which text its tokens stand for is not known here"
        case .random: return "it was trained on random tokens"
        }
        let prediction = model.values[model.prediction].spec.shape
        guard let vocabulary = model.vocabulary, prediction.rank == 3, prediction[1] == data.sequence else {
            return "it predicts \(model.values[model.prediction].spec), expected logits for each token of its input"
        }
        guard vocabulary == ByteTokenizer.vocabulary else {
            return "its vocabulary is \(vocabulary), expected the \(ByteTokenizer.vocabulary) bytes"
        }
        return nil
    }

    /// The same of a model that is not built yet.
    package func obstacleToText() throws -> String? {
        // Without a sequence there are rows, which need no model to be refused.
        guard let sequence = data.sequence else { return "it was trained on rows of numbers" }
        return obstacleToText(try ModelGraph(model, input: TensorSpec([1, sequence], .i32)))
    }
}

extension TrainingPlan {
    /// Why `generate` cannot go on from a text with what this run trains; nil: it can.
    package var obstacleToText: String? { manifest.obstacleToText(model) }
}
