import Checkpoints
import Foundation
import Layers
import Manifests
import Models
import Reports
import Scheduling

/// What a run leaves behind, as it goes: manifest, description, metrics, events, and at last the weights.
final class RunRecord {
    let directory: RunDirectory
    private let claim: RunClaim
    private let plan: TrainingPlan
    private let draft: SafetensorsDraft?
    private let metrics: FileHandle
    private var events: [Int: EventFileWriter] = [:]

    init(_ plan: TrainingPlan, directory path: String?) throws(RunFailure) {
        self.plan = plan
        claim = try RunClaim(named: path, run: plan.manifest.name)
        directory = claim.directory
        do {
            try Data(plan.manifest.resolvedYAML().utf8).write(to: URL(filePath: directory.manifestPath))
            try directory.write(Self.describe(plan))
            guard FileManager.default.createFile(atPath: directory.metricsPath, contents: nil),
                let handle = FileHandle(forWritingAtPath: directory.metricsPath)
            else { throw RunFailure.badInput("cannot write \(directory.metricsPath)") }
            metrics = handle
            let computes = plan.manifest.devices.allSatisfy { $0.kind != .sim }
            draft =
                computes
                ? try SafetensorsDraft(
                    path: directory.weightsPath, layout: try plan.weightsLayout(), replacingPartial: true) : nil
        } catch {
            throw .badInput("\(error)")
        }
    }

    /// Where workers write their weights at the end; nil on devices that compute nothing.
    var weightsDraftPath: String? { draft?.partialPath }

    func register(rank: Int, host: String) throws {
        guard events[rank] == nil else { return }
        let log = RankLog(rank: rank, device: plan.manifest.devices[rank].description, host: host)
        events[rank] = try EventFileWriter(path: directory.eventsPath(rank: rank), log: log)
    }

    func append(events chunk: [UInt8], rank: Int) throws { try events[rank]?.append(chunk: chunk) }

    func append(_ reading: ClockReading, rank: Int) throws { try events[rank]?.append(reading) }

    func append(_ step: StepMetrics) throws { try metrics.write(contentsOf: Data((step.line() + "\n").utf8)) }

    /// Puts the weights and the report in place.
    /// - Returns: the report, where there were steps enough for one.
    func finish(bytesWritten: Int) throws -> BubbleReport? {
        try draft?.commit(bytesWritten: bytesWritten)
        for writer in events.values { try writer.close() }
        events = [:]
        try metrics.close()
        let report = try? directory.report()
        if let report { try Data((try report.json() + "\n").utf8).write(to: URL(filePath: directory.reportPath)) }
        return report
    }

    private static func describe(_ plan: TrainingPlan) -> RunDescription {
        let tokens = plan.tokensPerStep
        return RunDescription(
            name: plan.manifest.name, schedule: plan.schedule.name, microBatches: plan.schedule.microBatches,
            stages: plan.layout.stages.map { stage in
                StageDescription(
                    rank: plan.schedule.rankOfStage[stage.index], firstLayer: stage.entries.lowerBound,
                    layers: plan.model.entries[stage.entries].map(\.kind),
                    layerCosts: plan.model.entries[stage.entries].map { plan.relativeCost(of: $0) })
            }, devices: plan.manifest.devices.map(\.description), tokensPerStep: tokens,
            flopsPerToken: plan.flopsPerStep / Double(tokens),
            startedAt: ISO8601DateFormatter().string(from: Date()))
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
