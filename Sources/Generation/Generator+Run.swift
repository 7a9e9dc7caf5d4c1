import Datasets
import Manifests
import Models
import Notation
import Planning
public import Runs
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
