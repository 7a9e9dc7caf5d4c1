package import Systems

/// What can be wrong with a run directory, an event file or the events in it.
public enum RunError: Error, Hashable, Sendable {
    /// The path holds no run: `reason` says what is missing.
    case notARun(path: String, reason: String)
    /// A run that has not finished a step yet.
    case noEvents(path: String)
    /// Bytes or JSON that do not follow their format.
    case malformed(file: String, expected: String, got: String)
    /// Events that cannot be the log of one run: overlapping, out of order, or incomplete.
    case inconsistent(rank: Int, step: Int, expected: String, got: String)
    /// Two runs of which one is no measure of the other.
    case notComparable(before: String, after: String, reason: String)
}

extension RunError: CustomStringConvertible {
    /// One line: text that came from files and paths is escaped.
    public var description: String { text.printable() }

    private var text: String {
        switch self {
        case .notARun(let path, let reason):
            "\(path): not a run directory: \(reason)"
        case .noEvents(let path):
            "\(path): no finished step has been recorded yet; a report needs at least one"
        case .malformed(let file, let expected, let got):
            "\(file): expected \(expected), found \(got)"
        case .inconsistent(let rank, let step, let expected, let got):
            "events of rank \(rank), step \(step): expected \(expected), found \(got)"
        case .notComparable(let before, let after, let reason):
            "cannot compare \(before) with \(after): \(reason)"
        }
    }
}

extension RunError: ExitCoded {
    package var exitCode: ExitCode { .badInput }
}
