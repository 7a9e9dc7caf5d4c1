import Datasets
package import Manifests
import Models
import Tensors

extension PipelineManifest {
    /// Why `generate` has nothing to do with a model that was trained on this: it gives bytes of text and takes bytes.
    private var obstacleInData: String? {
        if devices.contains(where: { $0.kind == .sim }) { return "its devices were simulated, so it learnt nothing" }
        switch data.source {
        case .text: return nil
        case .rows: return "it was trained on rows of numbers"
        case .tokens: return "it was trained on a token file, and which text its tokens stand for is not known here"
        case .samples: return "it was trained on token ids, and which text they stand for is not known here"
        case .shards(let path):
            if (try? ShardManifest.load(folder: path))?.tokenizer.isBytes == true { return nil }
            return "it was trained on tokens of another model's tokenizer"
        case .random: return "it was trained on random tokens"
        }
    }

    /// Why `generate` has nothing to do with this model; nil: it can write.
    fileprivate func obstacleToText(_ model: ModelGraph) -> String? {
        if let obstacle = obstacleInData { return obstacle }
        let prediction = model.values[model.prediction].spec.shape
        guard let vocabulary = model.vocabulary, prediction.rank == 3, prediction[1] == data.sequence else {
            return "it predicts \(model.values[model.prediction].spec), expected logits for each token of its input"
        }
        let bytes = writesEnds ? ShardManifest.Tokenizer.bytes.vocabulary : ByteTokenizer.vocabulary
        guard vocabulary == bytes else {
            let expected = writesEnds ? "\(bytes): the bytes and their end" : "the \(bytes) bytes"
            return "its vocabulary is \(vocabulary), expected \(expected)"
        }
        return nil
    }

    /// Whether it learns bytes from shards, where a token of its own ends each text.
    package var writesEnds: Bool { if case .shards = data.source { true } else { false } }

    /// The same of a model that is not built yet.
    package func obstacleToText() throws -> String? {
        // Only texts go on, and they have a sequence.
        guard obstacleInData == nil, let sequence = data.sequence else { return obstacleInData }
        return obstacleToText(try ModelGraph(model, input: TensorSpec([1, sequence], .i32)))
    }
}

extension TrainingPlan {
    /// Why `generate` cannot go on from a text with what this run trains; nil: it can.
    package var obstacleToText: String? { manifest.obstacleToText(model) }
}
