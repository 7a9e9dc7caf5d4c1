package import Checkpoints
import Families
import Manifests
import Models
import Notation
package import Runs

extension TrainingPlan {
    /// The values that the model's adapters begin with, where the seed does not draw them: those of `lora.from`.
    /// - Throws: an adapter that does not fit, with the place where it is named.
    package func adapterWeights() throws(RunFailure) -> MappedWeights? {
        guard let from = manifest.lora?.from else { return nil }
        let mark = manifest.mark(of: "lora.from")
        guard let tensors = adapted?.tensors else {
            throw .badInput(
                "\(mark): lora.from with a model of no family: its modules have no names that PEFT knows; expected "
                    + "model: {pretrained: DIR}")
        }
        do { return try AdapterFolder(from).weights(tensors) } catch { throw .badInput("\(mark): \(error)") }
    }

    /// Reads them once: every number has to be finite.
    package func checkAdapterWeights() throws(RunFailure) {
        guard let weights = try adapterWeights() else { return }
        do { try weights.checkFinite() } catch {
            throw .badInput("\(manifest.mark(of: "lora.from")): \(error)")
        }
    }

    /// The files of the adapter that it goes on from.
    var adapterFiles: [String] { manifest.lora?.from.map { [AdapterFolder($0).weightsPath] } ?? [] }

    /// `2,442,240 of 134,515,008 parameters are trained`; nil where all are.
    package var trainedText: String? {
        guard adapted != nil else { return nil }
        return "\(model.trainedCount.grouped) of \(model.parameterCount.grouped) parameters are trained"
    }
}
