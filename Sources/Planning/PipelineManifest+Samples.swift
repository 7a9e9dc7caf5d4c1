package import Datasets
package import Manifests
package import Runs

extension PipelineManifest {
    /// The same with its samples' length, which decides the shape of everything: where none is written, it is that of the
    /// longest sample, and the file is read for it.
    package func settled(_ cache: ScanCache = .standard) throws(RunFailure) -> PipelineManifest {
        guard data.sequence == nil, case .samples(let path) = data.source else { return self }
        do {
            return try withSequence(SampleFile.longestSample(path: path, cache: cache))
        } catch let error as DatasetError {
            throw .badInput((marks["data"].map { "\($0): " } ?? "") + "\(error)")
        } catch {
            throw .badInput(error)
        }
    }
}
