import CPUDevices
import Checkpoints
import Manifests
import Models
import Planning
package import Runs
import Stages
import Systems
import Tensors

/// A model's logits for whole sequences of ids, in this process, on one device: to compare it with any other program.
package final class Predictor {
    /// The longest sequence that it takes.
    package let length: Int
    /// How many ids the model knows.
    package let vocabulary: Int
    private let executor: StageExecutor
    private let backend: any Backend
    private let logits: Tensor
    private let input: Tensor

    /// - Parameters:
    ///   - source: the model; its memory is taken here.
    ///   - length: of the longest sequence.
    /// - Throws: bad input: a model that is no language model, or a longer sequence than it takes.
    package init(_ source: ModelSource, length: Int) throws(RunFailure) {
        let model = try source.graph(length: length)
        let prediction = model.values[model.prediction].spec
        guard let vocabulary = model.vocabulary, prediction.shape.rank == 3, prediction.shape[1] == length else {
            throw .badInput("\(source.path.printable()): the model predicts \(prediction), not a token after each id")
        }
        self.length = length
        self.vocabulary = vocabulary
        backend = PipelineManifest.Device.hostBackend(threads: Cores.allowed.count)
        do {
            executor = try StageExecutor(
                model: model, layout: PipelineLayout(model, cuts: []), stage: 0, slots: 1, microBatches: 1, micro: 1,
                seed: 0, splitsBackward: false, isTraining: false, on: backend)
        } catch {
            throw RunFailure(wrapping: error)
        }
        guard let output = executor.program.loss?.prediction, let start = executor.program.values[model.input] else {
            preconditionFailure("a model of one stage has an input and a prediction")
        }
        logits = executor.tensor(output, 0).reshaped(prediction.shape)
        input = executor.tensor(start, 0)
        do { try executor.loadParameters(source.weights, adapters: source.weights) } catch { throw .badInput(error) }
    }

    /// Logits after each id, as f32: ids.count rows, one number for each id of the vocabulary.
    /// - Precondition: 1 to `length` ids.
    package func logits(after ids: [Int32]) throws(RunFailure) -> [[Float]] {
        precondition((1...length).contains(ids.count), "\(ids.count) ids, \(length) at most")
        for id in ids where id < 0 || Int(id) >= vocabulary {
            throw .badInput("id \(id) is outside of the vocabulary of \(vocabulary)")
        }
        // What follows is not seen by what is before it.
        let padded = ids + [Int32](repeating: 0, count: length - ids.count)
        padded.withUnsafeBytes { backend.upload($0, to: input) }
        executor.predict(step: 0, microBatch: 0, slot: 0)
        var flat = [Float](repeating: 0, count: ids.count * logits.shape[2])
        let wanted = logits.slice(start: 0, [ids.count, logits.shape[2]])
        flat.withUnsafeMutableBytes { backend.download(wanted, to: $0) }
        return ids.indices.map { Array(flat[$0 * logits.shape[2]..<$0 * logits.shape[2] + vocabulary]) }
    }
}
