import Checkpoints
import Families
import Foundation
import Layers
import Manifests
import Models
import Planning
import Reports
import Runs
import Scheduling
import Systems

/// What a run leaves behind, as it goes: manifest, description, metrics, events, and at last the weights.
///
/// Metrics and events that cannot be written end nothing: the first failure of each is told at once, and at the end
/// what is missing.
final class RunRecord {
    let directory: RunDirectory
    private let claim: RunClaim
    private let plan: TrainingPlan
    private let draft: SafetensorsDraft?
    private let metrics: MetricsFiles
    /// Of a run that evaluates.
    private let evaluations: RecordFile?
    private let best: BestWeights
    private let events: EventStore
    /// By rank: chunks that are not in its event log, and why the first of them is not.
    private var lostEvents: [Int: (count: Int, error: String)] = [:]
    private var lacksReport = false
    private let warn: (String) -> Void

    /// - Parameter warn: tells the user of something that does not end the run.
    init(_ plan: TrainingPlan, directory path: String?, warn: @escaping (String) -> Void) throws(RunFailure) {
        self.plan = plan
        self.warn = warn
        try Preflight.checkPlace(path, plan)
        claim = try RunClaim(named: path, run: plan.manifest.name, manifest: plan.manifest.resolvedYAML())
        directory = claim.directory
        events = EventStore(claim.directory, budget: plan.manifest.events)
        best = BestWeights(plan, in: claim.directory)
        do {
            try File.write(plan.manifest.resolvedYAML().utf8, to: directory.manifestPath)
            try directory.write(Self.describe(plan))
            try Self.keepFamily(plan, directory)
            metrics = try MetricsFiles(plan, directory, warn: warn)
            evaluations = plan.manifest.evaluation == nil ? nil : try RecordFile(directory.evaluationsPath)
            let computes = plan.manifest.devices.allSatisfy { $0.kind != .sim }
            draft =
                computes
                ? try SafetensorsDraft(
                    path: directory.weightsPath, layout: try plan.weightsLayout(), replacingPartial: true) : nil
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

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
    var weightsDraftPath: String? { draft?.partialPath }

    func register(rank: Int, host: String) {
        let log = RankLog(rank: rank, device: plan.device(of: rank).description, host: host)
        attempt(rank) { try events.register(log) }
    }

    func append(events chunk: [UInt8], rank: Int) { attempt(rank) { try events.append(chunk: chunk, rank: rank) } }

    func append(_ reading: ClockReading, rank: Int) { events.append(reading, rank: rank) }

    /// Bytes of events that were logged: how much there is for a report to read.
    var loggedBytes: Int { events.loggedBytes }

    /// - Parameter bubbles: idle over wall of the step, by rank.
    func append(_ step: StepMetrics, bubbles: [Double]) { metrics.append(step, bubbles: bubbles) }

    func append(_ evaluation: EvaluationMetrics) {
        metrics.append(evaluation)
        guard let error = evaluations?.append(Array((evaluation.line() + "\n").utf8)) else { return }
        warn("\(error); training goes on, some evaluations will be missing in the file")
    }

    /// - Returns: where workers write the best weights so far; nil, after a warning, where there is no place for them.
    func beginBest() -> String? {
        do { return try best.begin() } catch {
            warn("\(error); training goes on, these weights are not kept as the best")
            return nil
        }
    }

    func finishBest(bytesWritten: Int) {
        do { try best.finish(bytesWritten: bytesWritten) } catch {
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
        var lines = metrics.missing
        if let evaluations, let error = evaluations.firstError {
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
    /// - Returns: the report, where there were steps enough for one.
    func finish(bytesWritten: Int) throws -> BubbleReport? {
        try draft?.commit(bytesWritten: bytesWritten)
        try? events.close()
        metrics.close()
        evaluations?.close()
        let report = try? directory.report()
        do {
            if let report { try File.replace(directory.reportPath, with: (try report.json() + "\n").utf8) }
        } catch {
            lacksReport = true
            warn("\(error): there is no report.json")
        }
        return report
    }

    private static func describe(_ plan: TrainingPlan) -> RunDescription {
        let tokens = plan.tokensPerStep
        return RunDescription(
            name: plan.manifest.name, schedule: plan.schedule.name, microBatches: plan.schedule.microBatches,
            stages: plan.layout.stages.map { stage in
                StageDescription(
                    rank: plan.placement.rank(ofStage: stage.index), firstLayer: stage.entries.lowerBound,
                    layers: plan.model.entries[stage.entries].map(\.kind),
                    layerCosts: plan.model.entries[stage.entries].map { plan.relativeCost(of: $0) })
            }, devices: plan.placement.ranks.map { plan.device(of: $0).description }, tokensPerStep: tokens,
            flopsPerToken: plan.flopsPerStep / Double(tokens),
            startedAt: ISO8601DateFormatter().string(from: Date()), isPacked: plan.manifest.data.isPacked)
    }
}

extension TrainingPlan {
    /// What an entry takes, compared with others: its FLOPs, but where simulated devices take equally long over each.
    fileprivate func relativeCost(of entry: Entry) -> Double {
        if manifest.devices.contains(where: { $0.kind == .sim }), case .secondsPerLayer = manifest.simulation.pace {
            return 1
        }
        return entry.cost.total
    }
}
