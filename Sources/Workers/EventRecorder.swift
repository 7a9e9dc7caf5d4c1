import Reports
import Scheduling

/// Collects the compute thread's events of one step. Waits shorter than a microsecond are not worth an entry.
struct EventRecorder {
    private(set) var events: [Event] = []
    var step = 0
    private static let shortest: UInt64 = 1_000

    init(capacity: Int) { events.reserveCapacity(capacity) }

    /// Times `body` as work of this kind.
    mutating func work<Result>(
        _ kind: EventKind, _ instruction: Instruction? = nil, _ body: () throws -> Result
    ) rethrows -> Result {
        let start = Clock.nanoseconds
        let result = try body()
        events.append(Event(kind, step: step, instruction: instruction, start: start, end: Clock.nanoseconds))
        return result
    }

    /// Times a backward pass. The part spent on computing activations again, wherever it lay, becomes an event of its
    /// own, before the rest.
    mutating func backward(_ kind: EventKind, _ instruction: Instruction, _ body: () -> UInt64) {
        let start = Clock.nanoseconds
        let again = body()
        let end = Clock.nanoseconds
        if again > 0 {
            events.append(Event(.recompute, step: step, instruction: instruction, start: start, end: start + again))
        }
        events.append(Event(kind, step: step, instruction: instruction, start: start + again, end: end))
    }

    /// Notes a wait that began at `start` and ends now.
    mutating func waited(
        _ kind: EventKind, _ instruction: Instruction? = nil, peer: Int? = nil, since start: UInt64, sent: UInt64 = 0,
        bytes: Int = 0
    ) {
        let end = Clock.nanoseconds
        guard end - start >= Self.shortest || bytes > 0 else { return }
        events.append(
            Event(
                kind, step: step, instruction: instruction, peer: peer, start: start, end: end, sent: sent, bytes: bytes
            ))
    }

    /// Nanoseconds of work so far.
    var busy: UInt64 { events.reduce(0) { $0 + ($1.isBusy ? $1.end - $1.start : 0) } }

    mutating func clear() { events.removeAll(keepingCapacity: true) }
}
