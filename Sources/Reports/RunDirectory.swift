import Foundation

/// The parts of a run's directory that reports read and workers write: `run.json` and `events/`.
public struct RunDirectory: Hashable, Sendable {
    public var path: String

    public init(_ path: String) { self.path = path }

    public var descriptionPath: String { path + "/run.json" }
    public var eventsPath: String { path + "/events" }
    public var metricsPath: String { path + "/metrics.jsonl" }
    public var reportPath: String { path + "/report.json" }

    /// `events/rank-0003.events`
    public func eventsPath(rank: Int) -> String {
        let digits = String(rank)
        return eventsPath + "/rank-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".events"
    }

    /// Writes `run.json`, replacing it at once, and creates `events/`.
    public func write(_ description: RunDescription) throws {
        do {
            try FileManager.default.createDirectory(atPath: eventsPath, withIntermediateDirectories: true)
            try JSONForm.encode(description).write(to: URL(fileURLWithPath: descriptionPath), options: .atomic)
        } catch {
            throw ReportError.io(operation: "write", path: descriptionPath, reason: error.localizedDescription)
        }
    }

    /// Reads `run.json`; a directory without one is not a run.
    public func description() throws -> RunDescription {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw ReportError.notARun(path: path, reason: "there is no such directory")
        }
        guard let data = FileManager.default.contents(atPath: descriptionPath) else {
            throw ReportError.notARun(path: path, reason: "it has no run.json")
        }
        do {
            let description = try JSONForm.decode(RunDescription.self, from: data)
            try description.check(file: descriptionPath)
            return description
        } catch let error as DecodingError {
            throw ReportError.malformed(file: descriptionPath, expected: "a run description", got: error.summary)
        }
    }

    /// Reads `events/rank-*.events` of every rank, on the coordinator's clock, with notes on what was left out.
    public func logs() throws -> (logs: [RankLog], notes: [String]) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: eventsPath)) ?? []
        let files = names.filter { $0.hasPrefix("rank-") && $0.hasSuffix(".events") }.sorted()
        guard !files.isEmpty else { throw ReportError.noEvents(path: path) }
        let read = try files.map { try EventFile.read(eventsPath + "/" + $0) }
        var logs = read.map(\.log)
        RankLog.synchronise(&logs)
        return (logs, read.flatMap(\.notes))
    }
}

extension RunDescription {
    func check(file: String) throws {
        func require(_ holds: Bool, _ expected: String, _ got: String) throws {
            if !holds { throw ReportError.malformed(file: file, expected: expected, got: got) }
        }
        try require(version == 1, "version 1", "version \(version)")
        try require(!stages.isEmpty && !devices.isEmpty, "stages and devices", "none")
        try require(microBatches >= 1, "micro_batches ≥ 1", "\(microBatches)")
        try require(tokensPerStep >= 0, "tokens_per_step ≥ 0", "\(tokensPerStep)")
        for (stage, value) in stages.enumerated() {
            let costs = value.layerCosts?.count ?? value.layers.count
            try require(
                devices.indices.contains(value.rank), "stage \(stage) on a rank below \(devices.count)", "\(value.rank)"
            )
            try require(
                costs == value.layers.count, "\(value.layers.count) layer_costs in stage \(stage)", "\(costs)")
        }
    }
}

extension DecodingError {
    /// What was wrong and where, in one line.
    var summary: String {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context),
            .keyNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return (path.isEmpty ? "" : path + ": ") + context.debugDescription
        @unknown default: return "\(self)"
        }
    }
}
