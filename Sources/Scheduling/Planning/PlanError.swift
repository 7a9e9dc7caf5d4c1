/// Why no cuts can be planned.
public enum PlanError: Error, Hashable, Sendable {
    /// A value that nothing can be planned with: its name, what was expected, what was given.
    case argument(String, expected: String, got: String)
    /// A schedule that cannot run.
    case schedule(ScheduleError)
    /// No cuts that were found fit the ranks' memory.
    case memory(Shortage)

    /// The rank that exceeds its memory most, in the cuts that exceed it least.
    public struct Shortage: Hashable, Sendable {
        /// Name of the schedule that does not fit.
        public var schedule: String
        /// Number of the rank.
        public var rank: Int
        /// Bytes that the rank takes with these cuts.
        public var neededBytes: Int
        /// Bytes that the rank may take.
        public var limitBytes: Int
        /// How many bytes are too few.
        public var missingBytes: Int { neededBytes - limitBytes }
    }
}

extension PlanError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .argument(let name, let expected, let got): "\(name): expected \(expected), got \(got)"
        case .schedule(let error): "\(error)"
        case .memory(let lack):
            "\(lack.schedule): rank \(lack.rank) needs \(lack.neededBytes) bytes with the cuts that need least, "
                + "\(lack.missingBytes) more than its limit of \(lack.limitBytes)"
        }
    }
}
