package import Checkpoints
import Families
package import Manifests
package import Models
package import Notation
import Systems
import Tensors

/// What a run's parameters begin with, where the seed does not draw them: a file with the model's own names, or a family's.
package enum FirstWeights: ParameterSource {
    /// A run's, or a state dict of torch.nn.Sequential.
    case native(Weights)
    /// A pretrained model's folder or GGUF file.
    case pretrained(MappedWeights)

    /// nil where the manifest names none. `weights` goes before those of the model's folder.
    /// - Throws: `CheckpointError`, or `ManifestError` for a folder whose configuration is not that of a model.
    package init?(_ manifest: PipelineManifest) throws {
        if let path = manifest.weights {
            if let pretrained = manifest.pretrained, File.exists(path + "/config.json") {
                // A checkpoint, or an export, of a model of the same family.
                let family = try FamilyModel(path: pretrained.path)
                self = .pretrained(try PretrainedWeights(path: path).mapped(by: family.exported))
            } else {
                self = .native(try Weights(path: path))
            }
        } else if let pretrained = manifest.pretrained, pretrained.startsFromWeights {
            let family = try FamilyModel(path: pretrained.path)
            self = .pretrained(try PretrainedWeights(path: pretrained.path).mapped(by: family.tensors))
        } else {
            return nil
        }
    }

    /// Where the manifest says so, for errors.
    package static func mark(_ manifest: PipelineManifest) -> Mark? {
        manifest.weights == nil ? manifest.marks["model"] : manifest.marks["weights"]
    }

    /// Reads everything once: every tensor has to be there, of its shape, and finite.
    package func check(_ model: ModelGraph) throws(CheckpointError) {
        switch self {
        case .native(let weights):
            try weights.check(model, needsAdapters: false)
            try weights.checkFinite(model.storedParameters.map(\.name))
        case .pretrained(let weights):
            // A resolved manifest may have had its layers changed since its folder was read.
            for (name, spec) in model.baseParameters where weights[name]?.shape != spec.shape.extents {
                throw .malformed(
                    path: weights.weights.path, place: "parameter \(name)", expected: "shape \(spec.shape)",
                    got: weights[name].map { "\($0.shape)" } ?? "none, as its configuration has it")
            }
            try weights.checkFinite()
        }
    }

    /// The same file where it holds the model's adapters too.
    package func holdsAdapters(of model: ModelGraph) -> Bool {
        guard case .native(let weights) = self, let first = model.adapterParameters.first else { return false }
        return weights[first.name] != nil
    }

    /// All files that are read.
    package static func files(_ manifest: PipelineManifest) throws -> [String] {
        if let path = manifest.weights {
            return File.isFolder(path) ? try Weights(path: path).files.map(\.path) : [path]
        }
        guard let pretrained = manifest.pretrained, pretrained.startsFromWeights else { return [] }
        return try PretrainedWeights(path: pretrained.path).files
    }

    package func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        switch self {
        case .native(let weights): try weights.copyFloats(name, into: out)
        case .pretrained(let weights): try weights.copyFloats(name, into: out)
        }
    }

    /// Some rows of a parameter, as a family's map names and shapes it.
    package func copyFloats(
        _ parameter: StoredParameter, rows: Range<Int>, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        switch self {
        case .native(let weights):
            let width = parameter.shape.dropFirst().reduce(1, *)
            try weights.copyFloats(parameter.name, rows.lowerBound * width..<rows.upperBound * width, into: out)
        case .pretrained(let weights):
            // Its own files may be laid out otherwise: a GGUF file's are.
            try weights.copy(weights[parameter.name] ?? parameter, rows: rows, into: out)
        }
    }
}

extension PipelineManifest {
    /// What is computed otherwise than the pretrained model's configuration says, a sentence each.
    package var modelNotes: [String] {
        guard let pretrained, let family = try? FamilyModel(path: pretrained.path) else { return [] }
        return family.notes
    }
}
