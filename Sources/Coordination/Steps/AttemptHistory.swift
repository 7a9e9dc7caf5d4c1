import Foundation
import Runs
import Systems

/// The attempts at a run: one, and another for each time that it went on from a checkpoint.
struct AttemptHistory {
    private let directory: RunDirectory
    /// Attempts so far.
    let attempts: Int

    init(_ directory: RunDirectory) {
        self.directory = directory
        let known = AttemptRecord.all(in: directory).count
        // A run of a program that did not count them is one.
        attempts = known == 0 && File.exists(directory.metricsPath) ? 1 : known
    }

    /// Notes that an attempt begins.
    /// - Parameters:
    ///   - done: steps that are done; nil: the run begins.
    ///   - taken: lines of metrics that were taken out.
    ///   - cause: why it begins, and how long a step took before.
    func begin(_ attempt: Int, behind done: Int?, taken: [String], _ cause: AttemptCause?) throws {
        let lost = taken.compactMap { try? StepMetrics(line: $0) }
        let record = AttemptRecord(
            attempt: attempt, step: done ?? 0, startedAt: ISO8601DateFormatter().string(from: Date()),
            lostSteps: lost.count, lostSeconds: lost.reduce(0) { $0 + ($1.stepS.isFinite ? $1.stepS : 0) },
            idleSeconds: done == nil ? 0 : idleSeconds,
            reason: cause?.text.split(separator: "\n").first.map(String.init), stepSecondsBefore: cause?.stepSeconds)
        // Half a line, of an attempt that was ended while it began, would spoil the next one.
        if done != nil {
            try RecordTruncation.keep(upTo: .max, in: directory.attemptsPath, prefix: "{\"attempt\":")
        }
        let file = try done == nil ? RecordFile(directory.attemptsPath) : RecordFile(continuing: directory.attemptsPath)
        defer { file.close() }
        if let error = file.append(Array((try record.line() + "\n").utf8)) { throw error }
    }

    /// Since the attempt before was heard of last.
    private var idleSeconds: Double {
        guard let status = try? LiveStatus.read(directory) else { return 0 }
        return max(0, LiveStatus.now - status.updatedAt)
    }

    /// Keeps an attempt's events and description below `attempts/`: the next one may have other ranks, and its clock may
    /// be another's.
    func setAside(attempt: Int) throws(SystemError) {
        let folder = "\(directory.path)/attempts/\(attempt)"
        try File.makeFolder(folder)
        // What is there already was put there by an attempt that was ended before it began: nothing of its own is lost.
        for (path, name) in [
            (directory.descriptionPath, "run.json"), (directory.eventsPath, "events"),
            (directory.diagnosisPath, "diagnosis.txt"),
        ]
        where File.exists(path) && !File.exists("\(folder)/\(name)") {
            try File.move(path, to: "\(folder)/\(name)")
        }
        try File.makeFolder(directory.eventsPath)
    }
}

/// Why another attempt at a run begins.
struct AttemptCause {
    /// For people; the first line is kept.
    var text: String
    /// The median of the newest steps before; nil where there were none.
    var stepSeconds: Double?

    init(_ text: String, _ steps: StepAssembly) {
        self.text = text
        let durations = steps.durations.sorted()
        stepSeconds = durations.isEmpty ? nil : durations[durations.count / 2]
    }
}
