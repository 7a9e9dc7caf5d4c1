internal import Synchronization
import Systems

/// What a worker is doing, as its heartbeats tell it.
package struct WorkerStatus: Hashable, Sendable {
    package var step: Int
    package var microBatch: Int
    /// The instruction it is at, as text (`2F0`); at most 64 bytes travel.
    package var instruction: String
    package var phase: WorkerPhase
    /// Grows with every message and instruction: a worker whose counter stands still is stuck.
    package var progress: UInt64
    /// Nanoseconds since the counter last moved, by the worker's own clock, so that delays of the coordinator do not
    /// count.
    package var stalled: UInt64
    /// The links that begin or end at the worker, the one that it waits at first; at most `LinkStatus.limit` travel.
    package var links: [LinkStatus]

    package init(
        step: Int = 0, microBatch: Int = 0, instruction: String = "", phase: WorkerPhase = .starting,
        progress: UInt64 = 0, stalled: UInt64 = 0, links: [LinkStatus] = []
    ) {
        self.step = step
        self.microBatch = microBatch
        self.instruction = instruction
        self.phase = phase
        self.progress = progress
        self.stalled = stalled
        self.links = links
    }
}

/// What a worker's compute thread is busy with. The endpoint sets `receiving` and `sending` itself.
package enum WorkerPhase: Hashable, Sendable {
    case starting
    case computing
    /// Waits for a rank's message.
    case receiving(from: Int, MessageName)
    /// Waits until a rank has taken a message, so that its buffer can be used again.
    case sending(to: Int)
    /// Writes its weights, or waits for the disk.
    case saving
    /// Waits for what the coordinator says to all ranks: that an update is open, or what follows behind a step.
    case coordinated
    /// Waits for the next micro-batch to be read.
    case reading
}

extension WorkerPhase: CustomStringConvertible {
    package var description: String {
        switch self {
        case .starting: "starting"
        case .computing: "computing"
        case .receiving(let rank, let message):
            "waiting for rank \(rank)'s \(message.kind) of micro-batch \(message.microBatch)"
        case .sending(let rank): "waiting for rank \(rank) to take a message"
        case .saving: "saving its weights"
        case .coordinated: "waiting for the coordinator"
        case .reading: "reading data"
        }
    }
}

extension WorkerStatus: CustomStringConvertible {
    package var description: String {
        "step \(step), micro-batch \(microBatch)" + (instruction.isEmpty ? "" : ", \(instruction)") + ": \(phase)"
    }
}

/// Where the compute thread writes its status and the network thread reads it.
final class StatusBoard: Sendable {
    private let status = Mutex(WorkerStatus())
    /// The counter at the last heartbeat, and when it reached that value.
    private let seen = Mutex((progress: UInt64(0), at: MonotonicClock.now))

    /// What a heartbeat tells at `now`; `stalled` is counted from heartbeat to heartbeat.
    func current(at now: UInt64) -> WorkerStatus {
        var current = status.withLock { $0 }
        current.stalled = seen.withLock { seen in
            if seen.progress != current.progress { seen = (current.progress, now) }
            return now > seen.at ? now - seen.at : 0
        }
        return current
    }

    func update(_ body: (inout WorkerStatus) -> Void) { status.withLock { body(&$0) } }

    func set(phase: WorkerPhase) {
        status.withLock {
            $0.phase = phase
            $0.progress &+= 1
        }
    }

    func advance() { status.withLock { $0.progress &+= 1 } }
}
