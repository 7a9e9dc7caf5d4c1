import Foundation
import Systems

/// The parts of a run's directory that reports read and workers write: `run.json` and `events/`.
///
///     let directory = RunDirectory("runs/demo")
///     let description = try directory.description()
///     print(description.schedule, try LiveStatus.current(directory).state)
public struct RunDirectory: Hashable, Sendable {
    /// The directory's path, absolute or relative to the working directory.
    public var path: String

    /// A directory that need not exist yet: nothing is read before it is asked for.
    public init(_ path: String) { self.path = path }

    /// The file of the run's description, `run.json`.
    public var descriptionPath: String { path + "/run.json" }
    /// The folder of the ranks' event files.
    public var eventsPath: String { path + "/events" }
    /// The file of the steps' metrics, a line of JSON for each: `StepMetrics.line()`.
    public var metricsPath: String { path + "/metrics.jsonl" }
    /// The file of the losses on held-out data, a line of JSON for each evaluation: `EvaluationMetrics.line()`.
    public var evaluationsPath: String { path + "/evaluations.jsonl" }
    /// The folder with the weights of the best evaluation so far, and what else a model's folder needs.
    public var best: RunDirectory { RunDirectory(path + "/best") }
    /// The folder of the run's checkpoints.
    public var stepsPath: String { path + "/steps" }
    /// The file of the attempts at the run, a line of JSON for each.
    package var attemptsPath: String { path + "/attempts.jsonl" }
    /// What each worker was at when an attempt ended by a hang or a lost worker, as a table.
    package var diagnosisPath: String { path + "/diagnosis.txt" }
    /// The file of the bubble report as JSON, written when the run ends.
    public var reportPath: String { path + "/report.json" }

    /// A description of 100,000 layers has 4 MiB.
    private static let descriptionLimit = 16 << 20

    /// `events/rank-0003.events`
    public func eventsPath(rank: Int) -> String { eventsPath + "/rank-\(rank.digits(4)).events" }

    /// Writes `run.json`, replacing it at once, and creates `events/`.
    public func write(_ description: RunDescription) throws {
        try File.makeFolder(eventsPath)
        try File.replace(descriptionPath, with: try JSONForm.encode(description))
    }

    /// What `evaluations.jsonl` holds; nothing where the run evaluates nothing. A line that is not whole is passed over.
    public func evaluations() throws -> [EvaluationMetrics] {
        guard File.exists(evaluationsPath) else { return [] }
        let text = try File.text(evaluationsPath, limit: Self.evaluationsLimit)
        return try text.split(separator: "\n").filter { $0.hasSuffix("}") }.map { line in
            try EvaluationMetrics(line: String(line))
        }
    }

    /// 500,000 evaluations have 64 MiB.
    private static let evaluationsLimit = 64 << 20

    /// Reads `run.json`; a directory without one is not a run. Its names are safe to print.
    public func description() throws -> RunDescription {
        guard File.isFolder(path) else {
            throw RunError.notARun(path: path, reason: "there is no such directory")
        }
        let bytes: [UInt8]
        do {
            bytes = try File.read(descriptionPath, limit: Self.descriptionLimit)
        } catch  where error.isMissing {
            throw RunError.notARun(path: path, reason: "it has no run.json")
        }
        do {
            let description = try JSONForm.decode(RunDescription.self, from: Data(bytes)).withShownNames
            try description.check(file: descriptionPath)
            return description
        } catch let error as DecodingError {
            throw RunError.malformed(file: descriptionPath, expected: "a run description", got: error.summary)
        }
    }
}

extension RunDescription {
    /// Numbers beyond these come from no run, and sums and products of those within them fit.
    private static let countLimit = 1 << 40

    package func check(file: String) throws {
        func require(_ holds: Bool, _ expected: String, _ got: String) throws {
            if !holds { throw RunError.malformed(file: file, expected: expected, got: got) }
        }
        let limit = Self.countLimit
        try require(version == 1, "version 1", "version \(version)")
        try require(!stages.isEmpty && !devices.isEmpty, "stages and devices", "none")
        try require((1...limit).contains(microBatches), "micro_batches from 1 to 2^40", "\(microBatches)")
        try require(
            (1...devices.count).contains(replicas ?? 1) && (1...devices.count).contains(shards ?? 1)
                && devices.count.isMultiple(of: width),
            "replicas and shards that divide \(devices.count) devices", "\(replicas ?? 1) and \(shards ?? 1)")
        try require((0...limit).contains(tokensPerStep), "tokens_per_step from 0 to 2^40", "\(tokensPerStep)")
        try require(flopsPerToken >= 0 && flopsPerToken < 1e30, "flops_per_token from 0 to 1e30", "\(flopsPerToken)")
        for (stage, value) in stages.enumerated() {
            let costs = value.layerCosts?.count ?? value.layers.count
            try require(
                devices.indices.contains(value.rank), "stage \(stage) on a rank below \(devices.count)", "\(value.rank)"
            )
            try require(
                (0...limit).contains(value.firstLayer), "first_layer from 0 to 2^40 in stage \(stage)",
                "\(value.firstLayer)")
            try require(
                costs == value.layers.count, "\(value.layers.count) layer_costs in stage \(stage)", "\(costs)")
            let names = value.names?.count ?? value.layers.count
            try require(names == value.layers.count, "\(value.layers.count) names in stage \(stage)", "\(names)")
        }
    }

    /// The same with names that are safe to print.
    fileprivate var withShownNames: RunDescription {
        var copy = self
        copy.name = name.shownName
        copy.schedule = schedule.shownName
        copy.startedAt = startedAt.shownName
        copy.devices = devices.map(\.shownName)
        for stage in stages.indices {
            copy.stages[stage].layers = stages[stage].layers.map(\.shownName)
            copy.stages[stage].names = stages[stage].names?.map(\.shownName)
        }
        return copy
    }
}

extension DecodingError {
    /// What was wrong and where, in one line.
    package var summary: String {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context),
            .keyNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return (path.isEmpty ? "" : path + ": ") + context.debugDescription
        @unknown default: return "\(self)"
        }
    }
}
