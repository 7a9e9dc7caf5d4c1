package import Runs
package import Scheduling
package import Stages
import Systems
package import Tensors

/// Collects the compute thread's events of one step. Waits shorter than a microsecond are not worth an entry.
///
/// Work is timed by the device: on one that computes by itself, calls return before it is done, and its marks become
/// times only when `settle` has waited for it. What the host waited for meanwhile counts from when the device had
/// nothing left to do.
package struct EventRecorder {
    package private(set) var events: [Event] = []
    package var step = 0
    private let backend: any Backend
    /// Entries of `events` whose times are marks of the device.
    private var marked: [Int] = []
    private static let shortest: UInt64 = 1_000

    package init(capacity: Int, on backend: any Backend) {
        self.backend = backend
        events.reserveCapacity(capacity)
        if backend.isAsynchronous { marked.reserveCapacity(capacity) }
    }

    /// Times `body` as work of this kind.
    package mutating func work<Result>(
        _ kind: EventKind, _ instruction: Instruction? = nil, _ body: () throws -> Result
    ) rethrows -> Result {
        let start = backend.mark()
        let result = try body()
        append(kind, instruction, start, backend.mark())
        return result
    }

    /// Times a backward pass. The parts spent on computing activations again, wherever they lay, become an event of
    /// their own, before the rest.
    package mutating func backward(
        _ kind: EventKind, _ instruction: Instruction, _ body: () throws -> [DeviceSpan]
    ) rethrows {
        let start = backend.mark()
        let recomputed = try body()
        append(kind, instruction, start, backend.mark())
        for span in recomputed { append(.recompute, instruction, span.start, span.end) }
        if !backend.isAsynchronous, !recomputed.isEmpty {
            gatherRecomputation(from: events.count - recomputed.count - 1)
        }
    }

    private mutating func append(
        _ kind: EventKind, _ instruction: Instruction?, _ start: DeviceMark, _ end: DeviceMark
    ) {
        if backend.isAsynchronous { marked.append(events.count) }
        events.append(Event(kind, step: step, instruction: instruction, start: start.value, end: end.value))
    }

    /// Notes a wait of the host that began at `start` and ends now.
    package mutating func waited(
        _ kind: EventKind, _ instruction: Instruction? = nil, peer: Int? = nil, since start: UInt64, sent: UInt64 = 0,
        bytes: Int = 0
    ) {
        let end = MonotonicClock.now
        guard end - start >= Self.shortest || bytes > 0 else { return }
        events.append(
            Event(
                kind, step: step, instruction: instruction, peer: peer, start: start, end: end, sent: sent, bytes: bytes
            ))
    }

    /// Nanoseconds of work so far; of an asynchronous device, once settled.
    package var busy: UInt64 { events.reduce(0) { $0 + ($1.isBusy ? $1.end - $1.start : 0) } }

    package mutating func clear() {
        events.removeAll(keepingCapacity: true)
        marked.removeAll(keepingCapacity: true)
    }

    /// Counts everything since `start` as waiting for the gradients' norm: it was in vain, and is done again.
    package mutating func takeBack(since start: UInt64) {
        backend.synchronise()
        clear()
        waited(.gradientSync, since: start)
    }

    // MARK: Asynchronous devices

    /// Waits for the device and turns its marks into times.
    package mutating func settle() {
        guard backend.isAsynchronous else { return }
        let marks = marked.flatMap { [DeviceMark(events[$0].start), DeviceMark(events[$0].end)] }
        let times = backend.times(of: marks)
        for (place, index) in marked.enumerated() {
            events[index].start = times[2 * place]
            events[index].end = times[2 * place + 1]
        }
        marked.removeAll(keepingCapacity: true)
        var index = 0
        while index < events.count {
            if events[index].kind != .recompute, index + 1 < events.count, events[index + 1].kind == .recompute {
                gatherRecomputation(from: index)
            }
            index += 1
        }
        countWaitsFromIdle()
    }

    /// Puts the recomputation that follows a backward pass before it, as one event.
    private mutating func gatherRecomputation(from backward: Int) {
        var spent: UInt64 = 0
        while backward + 1 < events.count, events[backward + 1].kind == .recompute {
            let span = events.remove(at: backward + 1)
            spent += span.end - span.start
        }
        let start = events[backward].start
        var recomputation = events[backward]
        recomputation.kind = .recompute
        recomputation.end = start + spent
        events[backward].start = start + spent
        events.insert(recomputation, at: backward)
    }

    /// The host runs ahead of the device: its waits begin where the device's work ends.
    private mutating func countWaitsFromIdle() {
        var idleSince: UInt64 = 0
        for index in events.indices {
            events[index].start = max(events[index].start, idleSince)
            events[index].end = max(events[index].start, events[index].end)
            if events[index].isBusy { idleSince = events[index].end }
        }
    }
}
