import Checkpoints
import Families
import Foundation
import Glibc
import Manifests
import Planning
import Runs
import Systems
import Tensors
import Workers

/// One checkpoint whose parts are all on disk: what is still to be done so that it counts.
///
/// Every file is written and synchronised under the draft's name; then the folders are, the draft is renamed, and so is its
/// parent synchronised: whenever power fails, there is the whole checkpoint or none of it.
struct StepCommit: Sendable {
    let folder: StepsFolder
    let rule: PipelineManifest.Checkpoint
    /// How old the checkpoint has to be that the run goes back to, in steps; nil: it does not.
    let rewind: Int?
    /// Which attempt at the run writes it.
    let attempt: Int
    /// All but the hashes of the files that are written here.
    let manifest: StepManifest
    /// What the model's own files begin with.
    let prefix: String
    /// Where the run keeps its model's configuration and tokenizer; nil: they do not belong beside these weights.
    let family: FamilyFolder?
    /// Files with a line for each step, which a run that goes on from the checkpoint continues.
    let lineFiles: [String]

    /// - Returns: bytes of the whole checkpoint.
    func run() throws -> Int {
        let draft = folder.draftPath(of: manifest.step, epoch: attempt)
        var manifest = manifest
        if let index = try StepIndex.text(of: manifest.files, in: draft, prefix: prefix + "-") {
            let name = prefix + ".safetensors.index.json"
            try File.writeDurably(index, to: draft + "/" + name)
            manifest.files.append(StepFile(name: name, byteCount: index.count, hash: SHA256.hash(index)))
        }
        if let family {
            let copy = FamilyFolder(draft)
            try copy.fill(from: family.path)
            try copy.setType(.f32)
            for name in try File.names(in: draft) where !name.hasPrefix(prefix) && !File.isFolder("\(draft)/\(name)") {
                let path = "\(draft)/\(name)"
                try File.sync(path)
                manifest.files.append(
                    StepFile(name: name, byteCount: File.size(path) ?? 0, hash: try SHA256.hash(ofFile: path)))
            }
        }
        // Where power fails, they lack no step that the checkpoint has. What cannot be written of them ends nothing.
        for path in lineFiles where File.exists(path) { try? File.sync(path) }
        let text = try manifest.encoded()
        try File.writeDurably(text, to: draft + "/" + StepsFolder.manifestName)
        let subfolders = Set(manifest.files.compactMap { file in file.name.split(separator: "/").dropLast().first })
        try folder.commit(manifest.step, epoch: attempt, folders: subfolders.map { "\(draft)/\($0)" })
        return manifest.files.reduce(text.count) { $0 + $1.byteCount }
    }

    /// Removes checkpoints that are no longer to be kept, once this one reads back as it was written.
    func prune() throws {
        _ = try StepManifest.verify(in: folder.path(of: manifest.step), step: manifest.step)
        for step in rule.outdated(of: folder.steps, rewind: rewind) { try folder.remove(step) }
    }
}

extension PipelineManifest.Checkpoint {
    /// Which of these steps are no longer to be kept.
    /// - Parameters:
    ///   - steps: the newest first.
    ///   - rewind: how old the one has to be that the run goes back to: the newest such is kept, and all behind it, each
    ///     of which will be that one day.
    package func outdated(of steps: [Int], rewind: Int? = nil) -> [Int] {
        let newest = steps.first ?? 0
        let kept = rewind.map { age in steps.first { newest - $0 >= age } ?? 0 }
        return steps.dropFirst(keepLast).filter { step in
            (kept.map { step < $0 } ?? true) && (keepEvery.map { step % $0 != 0 } ?? true)
        }
    }
}
