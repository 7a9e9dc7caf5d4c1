import Checkpoints
import Families
import Foundation
import Glibc
import Layers
import Manifests
import Models
import Planning
import Reports
import Runs
import Scheduling
import Systems
import Workers

/// What a run leaves behind, as it goes: manifest, description, metrics, events, and at last the weights.
///
/// Metrics and events that cannot be written end nothing: the first failure of each is told at once, and at the end
/// what is missing.
final class RunRecord {
    let directory: RunDirectory
    private let claim: RunClaim
    private var plan: TrainingPlan
    /// What the present attempt writes to.
    private var files: AttemptFiles
    /// By rank: chunks that are not in its event log, and why the first of them is not.
    private var lostEvents: [Int: (count: Int, error: String)] = [:]
    private var lacksReport = false
    /// The checkpoint that the run goes on from.
    private(set) var point: ResumePoint?
    /// Which run it is, in each checkpoint.
    private let run: String
    private let warn: (String) -> Void

    /// - Parameters:
    ///   - place: the run's folder, and whether a run in it goes on.
    ///   - warn: tells the user of something that does not end the run.
    init(_ plan: TrainingPlan, _ place: RunPlace, warn: @escaping (String) -> Void) throws(RunFailure) {
        self.plan = plan
        self.warn = warn
        try Preflight.checkPlace(place.path, plan)
        (claim, point) = try place.claim(plan, warn)
        directory = claim.directory
        do {
            try File.replace(directory.manifestPath, with: plan.manifest.resolvedYAML().utf8)
            try KeptChoices.write(plan.manifest, to: directory)
            try Self.keepFamily(plan, directory)
            run =
                point?.manifest.run
                ?? "\(plan.manifest.name) \(ISO8601DateFormatter().string(from: Date())) \(getpid())"
            let begins = point == nil && AttemptHistory(directory).attempts == 0
            files = try AttemptFiles(
                plan, directory, run: run, behind: begins ? nil : point?.step ?? 0, newest: point?.step, warn)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// Has another attempt go on from the newest checkpoint that is whole, or begin where there is none.
    /// - Returns: steps that were done, and are done again.
    func goOn(_ cause: AttemptCause) throws(RunFailure) -> Int {
        try goOn(from: try ResumePoint.find(in: directory, .latest, note: warn), cause)
    }

    /// The same from the newest one up to a step.
    func goBack(to step: Int, _ cause: AttemptCause) throws(RunFailure) {
        _ = try goOn(from: try ResumePoint.find(in: directory, upTo: step, note: warn), cause)
    }

    private func goOn(from found: ResumePoint?, _ cause: AttemptCause) throws(RunFailure) -> Int {
        point = found
        return try goOn(behind: found?.step ?? 0, newest: found?.step, cause)
    }

    /// Has another attempt go on with what workers have.
    /// - Parameter step: steps that are done.
    func goOn(behind step: Int, _ cause: AttemptCause) throws(RunFailure) {
        _ = try goOn(behind: step, newest: steps?.newest, cause)
    }

    private func goOn(behind step: Int, newest: Int?, _ cause: AttemptCause) throws(RunFailure) -> Int {
        files.close()
        lostEvents = [:]
        do {
            files = try AttemptFiles(plan, directory, run: run, behind: step, newest: newest, cause: cause, warn)
        } catch {
            throw RunFailure(wrapping: error)
        }
        return files.metrics.taken.count
    }

    /// The run goes on with other devices or cuts: its folder's pipeline says so.
    func replan(_ plan: TrainingPlan) {
        self.plan = plan
        do { try File.replace(directory.manifestPath, with: plan.manifest.resolvedYAML().utf8) } catch {
            warn("\(error); \(directory.manifestPath) is not as the run goes on")
        }
    }

    /// Of a run that keeps its state.
    var steps: StepKeeper? { files.steps }

    /// Copies what belongs to a pretrained model beside its weights: the folder may be gone when the run is used.
    static func keepFamily(_ plan: TrainingPlan, _ directory: RunDirectory) throws {
        guard let pretrained = plan.manifest.pretrained else { return }
        let folder = FamilyFolder(directory.pretrainedPath)
        try folder.fill(from: pretrained.path)
        guard case .pretrained(let weights) = try FirstWeights(plan.manifest) else { return }
        try folder.keepTypes(of: weights, try FamilyModel(path: pretrained.path).exported)
    }

    /// What the user should know of the folder.
    var note: String? { claim.note }

    /// Where workers write their weights at the end; nil on devices that compute nothing.
    var weightsDraftPath: String? { files.draft?.partialPath }

    /// Whether all steps were done before this process began, and their weights are still to be written: the run was ended
    /// between its last checkpoint and its end.
    var lacksWeights: Bool { !hasSteps && weightsDraftPath != nil }

    private var hasSteps: Bool { point?.step != plan.manifest.steps }

    func register(rank: Int, host: String) {
        // The events are those of the steps.
        guard hasSteps else { return }
        let log = RankLog(rank: rank, device: plan.device(of: rank).description, host: host)
        attempt(rank) { try files.events.register(log) }
    }

    func append(events chunk: [UInt8], rank: Int) {
        attempt(rank) { try files.events.append(chunk: chunk, rank: rank) }
    }

    func append(_ reading: ClockReading, rank: Int) { files.events.append(reading, rank: rank) }

    /// Bytes of events that were logged: how much there is for a report to read.
    var loggedBytes: Int { files.events.loggedBytes }

    /// - Parameter bubbles: idle over wall of the step, by rank.
    func append(_ step: StepMetrics, bubbles: [Double]) { files.append(step, bubbles: bubbles) }

    /// Warns where the disk has not the room for what the run has still to write. It looks each ten seconds at most.
    func watchDisk() {
        if let warning = files.diskWarning(directory) { warn(warning) }
    }

    func append(_ evaluation: EvaluationMetrics) {
        files.metrics.append(evaluation)
        guard let error = files.evaluations?.append(Array((evaluation.line() + "\n").utf8)) else { return }
        warn("\(error); training goes on, some evaluations will be missing in the file")
    }

    /// - Returns: where workers write the best weights so far; nil, after a warning, where there is no place for them.
    func beginBest() -> String? {
        do { return try files.best.begin() } catch {
            warn("\(error); training goes on, these weights are not kept as the best")
            return nil
        }
    }

    func finishBest(bytesWritten: Int) {
        do { try files.best.finish(bytesWritten: bytesWritten) } catch {
            warn("\(error); training goes on, these weights are not kept as the best")
        }
    }

    /// Writes to a rank's event log. Once that failed, nothing more is written: the log would have a hole.
    private func attempt(_ rank: Int, _ write: () throws -> Void) {
        guard lostEvents[rank] == nil else {
            lostEvents[rank]?.count += 1
            return
        }
        do {
            try write()
        } catch {
            if lostEvents.isEmpty { warn("\(error); training goes on, the report will end before the run does") }
            lostEvents[rank] = (1, "\(error)")
        }
    }

    /// Whether metrics, events and report are all there.
    var isComplete: Bool { missing.isEmpty && !lacksReport }

    /// What the run should have left and could not, a line each.
    var missing: [String] {
        var lines = files.metrics.missing
        if let evaluations = files.evaluations, let error = evaluations.firstError {
            lines.append("\(directory.evaluationsPath) lacks \(evaluations.lost) evaluations: \(error)")
        }
        if let error = lostEvents.min(by: { $0.key < $1.key })?.value.error {
            let ranks = lostEvents.keys.sorted().map(String.init).joined(separator: ", ")
            let logs =
                lostEvents.count == 1 ? "the event log of worker \(ranks) is" : "the event logs of workers \(ranks) are"
            lines.append("\(logs) not complete: \(error)")
        }
        return lines
    }

    /// Puts the weights and the report in place.
    /// - Parameter bytesWritten: of the weights; nil: the run was interrupted, and there are none.
    /// - Returns: the report, where there were steps enough for one.
    func finish(bytesWritten: Int?) throws -> BubbleReport? {
        if let bytesWritten { try files.draft?.commit(bytesWritten: bytesWritten) } else { files.draft?.discard() }
        try? files.events.close()
        files.metrics.close()
        files.evaluations?.close()
        let report = try? directory.report()
        do {
            if let report { try File.replace(directory.reportPath, with: (try report.json() + "\n").utf8) }
        } catch {
            lacksReport = true
            warn("\(error): there is no report.json")
        }
        return report
    }
}
