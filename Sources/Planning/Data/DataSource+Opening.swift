package import Datasets
package import Manifests

extension PipelineManifest.Data.Source {
    /// What is read of it.
    var files: [String] {
        switch self {
        case .rows(let path, _, _), .tokens(let path, _), .samples(let path): [path]
        // It holds the hashes of all others.
        case .shards(let path): ["\(path)/\(ShardManifest.fileName)"]
        case .text(let paths): paths
        case .random: []
        }
    }

    /// Opens what the source names.
    /// - Parameters:
    ///   - vocabulary: of the model; nil where it has none.
    ///   - seed: of what is drawn.
    package func open(
        sequence: Int?, vocabulary: Int?, seed: UInt64
    ) throws(DatasetError) -> any Dataset {
        let vocabulary = vocabulary ?? Int(Int32.max)
        let source: any TokenSource
        switch self {
        case .rows(let path, let inputs, let targets):
            return try RowFile(path: path, inputs: inputs, targets: targets)
        case .samples(let path): return try SampleFile(path: path, sequence: sequence ?? 1, vocabulary: vocabulary)
        case .shards(let path):
            return try ShardDataset(ShardSet(path: path), sequence: sequence, vocabulary: vocabulary)
        case .text(let paths): source = try TextTokens(paths: paths)
        case .tokens(let path, .u16): source = try TokenFile(path: path, type: .u16)
        case .tokens(let path, .i32): source = try TokenFile(path: path, type: .i32)
        case .random(let count): source = try RandomTokens(count: count, vocabulary: vocabulary, seed: seed)
        }
        return try TokenDataset(source: source, sequence: sequence ?? 1, vocabulary: vocabulary)
    }
}
