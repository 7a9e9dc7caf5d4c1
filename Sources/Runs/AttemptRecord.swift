import Foundation
import Systems

/// A line of `attempts.jsonl`: a run has one attempt, and another for each time that it went on from a checkpoint.
package struct AttemptRecord: Codable, Hashable, Sendable {
    /// Counted from 1.
    package var attempt: Int
    /// Steps that were done when it began.
    package var step: Int
    /// ISO 8601, UTC.
    package var startedAt: String
    /// Steps that the attempt before had done, and that are done again.
    package var lostSteps: Int
    /// Seconds that those steps took.
    package var lostSeconds: Double
    /// Seconds from the last sign of the attempt before until this one began.
    package var idleSeconds: Double

    /// Why it began, in a line: what was lost, or which layers moved; nil where nobody said.
    package var reason: String?
    /// Seconds that a step took before; the median of the newest.
    package var stepSecondsBefore: Double?

    private enum CodingKeys: String, CodingKey {
        case attempt, step, reason
        case stepSecondsBefore = "step_s_before"
        case startedAt = "started_at"
        case lostSteps = "lost_steps"
        case lostSeconds = "lost_seconds"
        case idleSeconds = "idle_seconds"
    }

    package init(
        attempt: Int, step: Int, startedAt: String, lostSteps: Int, lostSeconds: Double, idleSeconds: Double,
        reason: String? = nil, stepSecondsBefore: Double? = nil
    ) {
        self.attempt = attempt
        self.step = step
        self.startedAt = startedAt
        self.lostSteps = lostSteps
        self.lostSeconds = lostSeconds
        self.idleSeconds = idleSeconds
        self.reason = reason
        self.stepSecondsBefore = stepSecondsBefore
    }

    /// Of 100,000 attempts.
    private static let fileLimit = 16 << 20

    /// What a run's folder says of its attempts; lines that are none are passed over.
    package static func all(in directory: RunDirectory) -> [AttemptRecord] {
        let text = (try? File.text(directory.attemptsPath, limit: fileLimit)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            try? JSONDecoder().decode(AttemptRecord.self, from: Data(line.utf8))
        }
    }

    /// Without a line end.
    package func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
