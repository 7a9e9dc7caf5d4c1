import Glibc
package import Systems

/// What went wrong between workers, or between a worker and the coordinator.
package enum TransportError: Error, Hashable, Sendable {
    /// Bytes that are not what the protocol allows at this place.
    case malformed(String, expected: String, got: String)
    /// A worker and its coordinator are programs of different versions.
    case otherVersion(got: UInt16, own: UInt16)
    /// A message is not the one that the receiver's schedule expects next. `differences` names both sides.
    case mismatch(link: Int, source: Int, destination: Int, differences: String)
    /// A payload's CRC32C is not the one its sender computed.
    case corrupt(link: Int, source: Int, destination: Int, message: String, expected: UInt32, got: UInt32)
    /// A peer broke the protocol: too many messages, a goodbye with messages still unread, …
    case violation(rank: Int, String)
    /// A peer's connection ended without a goodbye.
    case peerGone(rank: Int)
    /// A peer said goodbye although this rank still waits for its message, or sends it one.
    case peerLeft(rank: Int, link: Int)
    /// The coordinator's connection or lifeline ended.
    case coordinatorGone
    /// The coordinator did not accept this worker; the text says why.
    case refused(String)
    /// The coordinator, or this worker itself, ended the run; the text says why.
    case aborted(String)
    /// The endpoint was closed.
    case closed
    /// Nothing happened in time.
    case timedOut(String, seconds: Double)
    /// These ranks did not register, or did not connect their links, in time.
    case missingRanks([Int], world: Int, stage: Rendezvous.Stage, seconds: Double)
    /// An address that cannot be used, and why.
    case address(String, reason: String)
    /// The ranks do not agree about the links between them.
    case links(String)
    /// ZeroMQ cannot encrypt here, and what is to be done needs that.
    case noCURVE
    /// The process may not open as many descriptors as its sockets need.
    case descriptors(needed: Int, room: Int)
    /// The system starts no more threads.
    case thread(String)
    /// A system call or a ZeroMQ call failed.
    case system(String, code: Int32)

    /// True where this is a secondary error: another rank or the coordinator reports the root cause.
    package var isConsequence: Bool {
        switch self {
        case .peerGone, .peerLeft, .coordinatorGone, .aborted, .closed: true
        default: false
        }
    }

    static func lastError(_ operation: String) -> TransportError { .system(operation, code: errno) }
}

extension TransportError: ExitCoded {
    package var exitCode: ExitCode {
        switch self {
        case .address, .refused, .otherVersion, .noCURVE, .descriptors, .system(_, code: EADDRINUSE),
            .system(_, code: EACCES),
            .system(_, code: EADDRNOTAVAIL):
            .badInput
        case .mismatch, .malformed, .violation, .links: .bug
        default: .interrupted
        }
    }
}
