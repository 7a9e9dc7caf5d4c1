import Foundation
import Manifests
import Reports

extension Generator {
    /// A generator with the model and the weights of a run.
    /// - Throws: bad input when the folder holds no finished run.
    public convenience init(run path: String) throws(RunFailure) {
        let directory = RunDirectory(path)
        guard FileManager.default.fileExists(atPath: directory.manifestPath) else {
            throw .badInput("\(path) is not a run directory: it has no pipeline.yaml")
        }
        guard FileManager.default.fileExists(atPath: directory.weightsPath) else {
            throw .badInput("\(path) has no model.safetensors: the run did not finish, or its devices were simulated")
        }
        do {
            try self.init(
                PipelineManifest.load(path: directory.manifestPath), weights: directory.weightsPath, threads: 1)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}
