import Checkpoints
package import Families
package import Manifests
package import Models
import Notation
package import Planning
package import Runs
import Systems
import Tensors

/// A model with weights, wherever a user has it: a run's directory, a pretrained model's folder, or a GGUF file.
package struct ModelSource: Sendable {
    /// As the user gave it.
    package let path: String
    package let model: Sequential
    /// Checked to hold every parameter of the model once it is laid out.
    package let weights: FirstWeights
    /// What its configuration says; nil where it is of no known family.
    package let family: FamilyModel?
    /// Where its configuration and tokenizer lie: the run's own copies where it has any. A GGUF file holds all.
    package let familyPath: String
    /// Where its tokenizer may lie: a run's copies lack it where it began with a GGUF file.
    package var familyPlaces: [String] { [familyPath] + (manifest?.pretrained.map { [$0.path] } ?? []) }
    /// The adapters of a run that trained some; nil for others.
    package let adapters: AdaptedModel?
    /// The run's manifest; nil for a folder or file of a family.
    package let manifest: PipelineManifest?

    /// - Throws: bad input, naming what is missing.
    package init(path: String) throws(RunFailure) {
        self.path = path
        let directory = RunDirectory(path)
        do {
            if File.exists(directory.manifestPath) {
                let manifest = try PipelineManifest.load(path: directory.manifestPath)
                guard File.exists(directory.weightsPath) else {
                    throw RunFailure.badInput(
                        "\(path.printable()) has no model.safetensors: the run did not finish")
                }
                self.manifest = manifest
                model = manifest.model
                let copies = FamilyFolder(directory.pretrainedPath)
                let familyPath = copies.exists ? copies.path : manifest.pretrained?.path ?? path
                self.familyPath = familyPath
                family = try manifest.pretrained.map { _ in try FamilyModel(path: familyPath) }
                adapters = try manifest.lora == nil ? nil : manifest.adapted(family)
                weights = .native(try Weights(path: directory.weightsPath))
            } else {
                guard path.hasSuffix(".gguf") || File.exists(path + "/config.json") else {
                    throw RunFailure.badInput(
                        "\(path.printable()) is no model: expected a run directory (with pipeline.yaml), a pretrained "
                            + "model's folder (with config.json), or a .gguf file")
                }
                let family = try FamilyModel(path: path)
                self.family = family
                (manifest, adapters) = (nil, nil)
                familyPath = path
                model = family.sequential
                weights = .pretrained(try PretrainedWeights(path: path).mapped(by: family.tensors))
            }
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput(error)
        }
    }

    /// The model's graph with its adapters.
    /// - Parameters:
    ///   - length: of its one sequence.
    ///   - capacity: as `ModelGraph` takes it.
    package func graph(length: Int, capacity: Int? = nil) throws(RunFailure) -> ModelGraph {
        do {
            return try ModelGraph(
                model, input: TensorSpec([1, length], .i32), adaptation: adapters?.adaptation ?? .none,
                capacity: capacity)
        } catch {
            throw .badInput(error)
        }
    }

    /// The same places for a path whose weights nobody needs.
    /// - Throws: bad input: a run whose manifest does not load.
    package static func familyPlaces(of path: String) throws(RunFailure) -> [String] {
        let directory = RunDirectory(path)
        guard File.exists(directory.manifestPath) else { return [path] }
        do {
            let pretrained = try PipelineManifest.load(path: directory.manifestPath).pretrained
            return [directory.pretrainedPath] + (pretrained.map { [$0.path] } ?? [])
        } catch {
            throw .badInput(error)
        }
    }
}
