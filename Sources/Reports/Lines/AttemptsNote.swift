import Runs

/// What attempts at a run cost that did not reach its end.
enum AttemptsNote {
    /// A line for people; none where there was but one attempt.
    static func notes(_ directory: RunDirectory) -> [String] {
        let attempts = AttemptRecord.all(in: directory)
        guard attempts.count > 1, let last = attempts.last else { return [] }
        let steps = attempts.reduce(0) { $0.addingReportingOverflow($1.lostSteps).partialValue }
        let seconds = attempts.reduce(0) { $0 + $1.lostSeconds }
        let idle = attempts.reduce(0) { $0 + $1.idleSeconds }
        return [
            "\(attempts.count) attempts: \(steps) steps were done again, which took \(Format.duration(seconds)) the first time, "
                + "and \(Format.duration(idle)) lay between attempts; what follows is of the last one, from step \(last.step + 1) on"
        ]
    }
}
