/// Why no cuts can be planned.
public enum PlanError: Error, Hashable, Sendable {
    case argument(String, expected: String, got: String)
    /// A schedule that cannot run.
    case schedule(ScheduleError)
    case memory(Shortage)

    /// The rank that exceeds its memory most, in the cuts that exceed it least.
    public struct Shortage: Hashable, Sendable {
        public var schedule: String
        public var rank: Int
        public var neededBytes: Int
        public var limitBytes: Int
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
