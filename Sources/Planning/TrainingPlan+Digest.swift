import Datasets
import Manifests
package import Runs
import Scheduling
import Systems
package import Transport

extension TrainingPlan {
    /// What a rank's process and the coordinator must have in common: the program's version, the manifest, and the files that
    /// this rank reads. Both sides compute it.
    ///
    /// Children of the coordinator see the same files: the file must be the same one, unchanged. Workers on other hosts, or
    /// started by hand, may have files of their own under the same path: those are compared by contents.
    package func digest(of rank: Int, _ contents: inout ContentHashes) throws(RunFailure) -> RunDigest {
        var parts = [
            RunDigest.Part("version", ProgramVersion.text),
            RunDigest.Part("manifest", ContentHash(Array(manifest.resolvedYAML().utf8)).description),
        ]
        do {
            for (name, path) in try filesRead(by: rank) {
                let value =
                    placement.host(of: rank) != .coordinator
                    ? try contents.hash(of: path).description : try FileIdentity(path: path).description
                parts.append(RunDigest.Part("\(name) \(path.printable(limit: 300))", value))
            }
        } catch {
            throw .badInput("\(error)")
        }
        return RunDigest(Self.folded(parts))
    }

    package func digest(of rank: Int) throws(RunFailure) -> RunDigest {
        var contents = ContentHashes()
        return try digest(of: rank, &contents)
    }

    /// Weights are every rank's; data, the first stage's.
    private func filesRead(by rank: Int) throws -> [(name: String, path: String)] {
        var files = try FirstWeights.files(manifest).map { ("weights file", $0) }
        files += adapterFiles.map { ("adapter file", $0) }
        guard placement.stages(of: rank).contains(0) else { return files }
        files += manifest.data.source.files.map { ("data file", $0) }
        files += (manifest.evaluation?.source.files ?? []).map { ("held-out data file", $0) }
        return files
    }

    private static let separateParts = 100

    /// Beyond the first hundred, files share a part: a hello has its size.
    private static func folded(_ parts: [RunDigest.Part]) -> [RunDigest.Part] {
        guard parts.count > separateParts else { return parts }
        let rest = parts[separateParts...]
        let values = rest.map(\.value).joined(separator: "\n")
        return parts[..<separateParts]
            + [RunDigest.Part("list of \(rest.count) more files", ContentHash(Array(values.utf8)).description)]
    }
}

/// Contents of files, each read once.
package struct ContentHashes {
    private var hashes: [String: ContentHash] = [:]

    package init() {}

    mutating func hash(of path: String) throws(SystemError) -> ContentHash {
        if let known = hashes[path] { return known }
        let hash = try ContentHash(path: path)
        hashes[path] = hash
        return hash
    }
}
