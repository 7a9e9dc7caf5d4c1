import Checkpoints
import Manifests
import Planning
import Runs
import Systems
import Workers

/// Where a run's folder is, and whether a run in it goes on.
struct RunPlace {
    /// As the user named it; nil: below `runs`.
    var path: String?
    /// nil: a new run begins.
    var resume: ResumeMode?
    /// Keys of the manifest that may differ from the run's that goes on.
    var accepted: Set<String> = []

    /// Takes the folder.
    /// - Parameter note: tells the user of checkpoints that are passed over.
    /// - Returns: the folder, and where the run goes on; nil: it begins.
    func claim(
        _ plan: TrainingPlan, _ note: (String) -> Void
    ) throws(RunFailure) -> (RunClaim, ResumePoint?) {
        let manifest = plan.manifest
        guard let resume else {
            return (try RunClaim(named: path, run: manifest.name, manifest: manifest.resolvedYAML()), nil)
        }
        let path = path ?? "runs/\(manifest.name)"
        let directory = RunDirectory(path)
        guard StepsFolder(directory.stepsPath).steps.isEmpty == false else {
            guard resume == .auto else {
                throw .badInput("--resume: \(directory.stepsPath.printable()) holds no checkpoint to go on from")
            }
            if let claim = try unfinished(directory, manifest) { return (claim, nil) }
            return (try RunClaim(named: path, run: manifest.name, manifest: manifest.resolvedYAML()), nil)
        }
        let claim = try RunClaim(goingOnIn: path)
        guard let point = try ResumePoint.find(in: directory, resume, note: note) else {
            if resume == .auto {
                note("no checkpoint in \(directory.stepsPath.printable()) is whole: the run begins anew")
                return (claim, nil)
            }
            throw .badInput(
                "--resume: no checkpoint in \(directory.stepsPath.printable()) is whole: begin anew with another --run-dir"
            )
        }
        let old = (try? PipelineManifest.load(path: directory.manifestPath))?.parts ?? [:]
        try ManifestChange.check(manifest, against: point.manifest.manifest, old: old, accepted: accepted)
        guard point.step <= manifest.steps else {
            throw .badInput(
                "\(manifest.mark(of: "steps")): steps: \(manifest.steps), expected at least \(point.step): so many are done"
            )
        }
        try plan.check(base: point.manifest.base)
        try point.setNewerAside(in: directory, note: note)
        return (claim, point)
    }

    /// The folder of a run that was ended before its first checkpoint: it begins once more, in the same place.
    /// - Returns: nil where there is no such run, or it came to its end.
    private func unfinished(_ directory: RunDirectory, _ manifest: PipelineManifest) throws(RunFailure) -> RunClaim? {
        guard File.exists(directory.path + "/lock"), (try? LiveStatus.read(directory))?.state != .done,
            let old = try? PipelineManifest.load(path: directory.manifestPath)
        else { return nil }
        try ManifestChange.check(manifest, against: old.partHashes, old: old.parts, accepted: accepted)
        return try RunClaim(goingOnIn: directory.path)
    }
}

extension TrainingPlan {
    /// What a run that trains adapters needs again when it goes on: the files of its first weights, by content.
    func baseHashes() throws -> [String: String] {
        guard keepsTrainedOnly else { return [:] }
        var hashes: [String: String] = [:]
        for path in try FirstWeights.files(manifest) {
            hashes[try File.absolute(path)] = try ContentHash(path: path).description
        }
        return hashes
    }

    /// Throws where the frozen weights are no longer those that the adapters were trained beside.
    fileprivate func check(base: [String: String]) throws(RunFailure) {
        for (path, hash) in base.sorted(by: { $0.key < $1.key }) {
            let found: String
            do throws(SystemError) { found = try ContentHash(path: path).description } catch {
                throw RunFailure(wrapping: error)
            }
            guard found != hash else { continue }
            throw .badInput(
                "\(path.printable()): expected the weights that the adapters are trained beside (\(hash)), got \(found)"
            )
        }
    }
}
