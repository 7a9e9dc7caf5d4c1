import Runs
import Systems

/// What attempts at a run cost that did not reach its end.
enum AttemptsNote {
    /// A line for people; none where there was but one attempt.
    static func notes(_ directory: RunDirectory) -> [String] {
        let attempts = AttemptRecord.all(in: directory)
        guard attempts.count > 1, let last = attempts.last else { return [] }
        let steps = attempts.reduce(0) { $0.addingReportingOverflow($1.lostSteps).partialValue }
        let seconds = attempts.reduce(0) { $0 + $1.lostSeconds }
        let idle = attempts.reduce(0) { $0 + $1.idleSeconds }
        let total =
            "\(attempts.count) attempts: \(steps) steps were done again, which took \(Format.duration(seconds)) the first time, "
            + "and \(Format.duration(idle)) lay between attempts; what follows is of the last one, from step \(last.step + 1) on"
        return [total] + attempts.suffix(reasonLimit).compactMap(reason)
    }

    /// The newest so many are told.
    private static let reasonLimit = 5

    /// `from step 31 on: layer 4 goes from worker 1 to worker 0; a step took 269 ms before`
    private static func reason(_ attempt: AttemptRecord) -> String? {
        guard let reason = attempt.reason else { return nil }
        let before = attempt.stepSecondsBefore.map { "; a step took \(Format.milliseconds($0 * 1000)) ms before" } ?? ""
        return "from step \(attempt.step + 1) on: \(reason.printable(limit: 300))\(before)"
    }
}
