package import Runs
package import Systems

/// What is known when a run, or a profile, breaks. One failure shows at several places at once: the dead worker's process
/// ends, its peers' links break, they give up in turn. This picks the cause.
package struct FailureEvidence {
    package enum Sign: Equatable {
        /// The worker said why, before it left.
        case reported(RunFailure, isPeerLoss: Bool)
        case killed(signal: Int32)
        case exited(Int32)
        /// The connection of a worker that somebody else started ended without a goodbye.
        case disconnected
        /// No heartbeat for so many seconds.
        case silent(Double)
        /// The same of a process that a signal stopped.
        case stopped(Double)
        /// No progress for so many seconds, the limit of this entry of `deadlines`.
        case stuck(Double, deadline: String)

        /// What a worker said before it left.
        package init(_ failure: RunFailure) {
            self = .reported(failure, isPeerLoss: failure.isConsequence)
        }

        /// How a worker's process ended.
        package init(_ ending: ChildProcess.Ending) {
            switch ending {
            case .exited(let code): self = .exited(code)
            case .killed(let signal): self = .killed(signal: signal)
            }
        }
    }

    private var signs: [(rank: Int, sign: Sign)] = []
    /// When the first sign was seen.
    private var since: UInt64?

    /// Nanoseconds that a more telling sign may take: peers notice a death before the system reports it.
    package static let grace: UInt64 = 500_000_000

    package init() {}

    package var isEmpty: Bool { signs.isEmpty }

    /// Times are nanoseconds of one `ListeningClock`.
    package mutating func add(_ sign: Sign, rank: Int, at now: UInt64) {
        signs.append((rank, sign))
        since = since ?? now
    }

    /// Whether waiting a little for more evidence cannot change the verdict.
    package var isConclusive: Bool { signs.contains { Self.weight($0.sign) <= 1 } }

    /// The cause, once it is certain: the evidence is conclusive, or the grace is over.
    package func certainCause(at now: UInt64) -> (rank: Int, sign: Sign)? {
        guard let since, isConclusive || now >= since + Self.grace else { return nil }
        return cause
    }

    /// The strongest sign; the first of equals.
    package var cause: (rank: Int, sign: Sign)? {
        signs.enumerated().min {
            (Self.weight($0.element.sign), $0.offset) < (Self.weight($1.element.sign), $1.offset)
        }?.element
    }

    /// A worker's own reason explains most, then a process that was killed; peers that lost a link explain least.
    private static func weight(_ sign: Sign) -> Int {
        switch sign {
        case .reported(_, isPeerLoss: false): 0
        case .killed: 1
        // It gave up because of another, and its process ended before its reason was read.
        case .exited(ExitCode.interrupted.rawValue): 4
        case .exited, .disconnected: 2
        case .silent, .stopped, .stuck: 3
        case .reported(_, isPeerLoss: true): 4
        }
    }
}
