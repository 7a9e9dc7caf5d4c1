import Checkpoints
import Manifests
import Models
import Planning
import Runs
import Scheduling
import Systems

/// The folder `best/` of a run: the weights of its best evaluation so far, with all that a run's folder needs to be used.
///
/// The file is replaced at once: a run that is ended while it writes leaves the best weights before.
final class BestWeights {
    private let directory: RunDirectory
    private let plan: TrainingPlan
    private var draft: SafetensorsDraft?

    init(_ plan: TrainingPlan, in directory: RunDirectory) {
        self.plan = plan
        self.directory = directory.best
    }

    /// Bytes that it takes at most: the best weights so far stay while new ones are written.
    static func room(_ plan: TrainingPlan) -> Int {
        guard plan.manifest.evaluation?.keepsBest == true, let layout = try? plan.weightsLayout() else { return 0 }
        return layout.fileByteCount.saturatingTimes(2)
    }

    /// - Returns: where workers write their weights.
    func begin() throws -> String {
        if !File.exists(directory.manifestPath) {
            try File.makeFolder(directory.path)
            try RunRecord.keepFamily(plan, directory)
            try File.write(plan.manifest.resolvedYAML().utf8, to: directory.manifestPath)
        }
        let draft = try SafetensorsDraft(
            path: directory.weightsPath, layout: try plan.weightsLayout(), replacingPartial: true)
        self.draft = draft
        return try File.absolute(draft.partialPath)
    }

    func finish(bytesWritten: Int) throws {
        defer { draft = nil }
        try draft?.commit(bytesWritten: bytesWritten)
    }
}
