import Datasets
import Manifests
import Models
import Notation
import Reports
import Systems
import Tensors

extension Generator {
    /// A generator with the model and the weights of a run.
    /// - Throws: bad input when the folder holds no finished run, or one whose model does not write text.
    public convenience init(run path: String) throws(RunFailure) {
        let directory = RunDirectory(path)
        guard File.exists(directory.manifestPath) else {
            throw .badInput("\(path.printable()) is not a run directory: it has no pipeline.yaml")
        }
        do {
            let manifest = try PipelineManifest.load(path: directory.manifestPath)
            if let obstacle = try manifest.obstacleToText() {
                throw RunFailure.badInput("\(path.printable()): this model does not write text: \(obstacle)")
            }
            guard File.exists(directory.weightsPath) else {
                throw RunFailure.badInput("\(path.printable()) has no model.safetensors: the run did not finish")
            }
            try self.init(manifest, weights: directory.weightsPath, threads: 1)
        } catch let error as ManifestError {
            throw .badInput(error)
        } catch let error as ModelError {
            throw .badInput(error)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}

extension PipelineManifest {
    /// Why `generate` has nothing to do with this model: it gives bytes of text and takes bytes. nil: it can write.
    func obstacleToText(_ model: Sequential) -> String? {
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
    fileprivate func obstacleToText() throws -> String? {
        // Without a sequence there are rows, which need no model to be refused.
        guard let sequence = data.sequence else { return "it was trained on rows of numbers" }
        return obstacleToText(try Sequential(model, input: TensorSpec([1, sequence], .i32)))
    }
}

extension TrainingPlan {
    /// Why `generate` cannot go on from a text with what this run trains; nil: it can.
    package var obstacleToText: String? { manifest.obstacleToText(model) }
}
