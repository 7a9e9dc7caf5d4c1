public import Runs
import Scheduling

/// A run as Chrome's JSON trace, for Perfetto: a process for each rank, a span for each instruction and each part of a
/// wait, an arrow from the instruction that made a message to the wait for it.
///
/// Times are microseconds after the run's first event, on the coordinator's clock. Steps that some rank did not finish
/// are left out. The format: "Trace Event Format", docs of catapult.
public struct ChromeTrace: Sendable {
    private let description: RunDescription
    private let logs: [RankLog]
    private let timeline: ActivityTimeline
    private let timing: Timing
    private let origin: Int64
    /// Steps in it.
    public let stepCount: Int

    /// Throws `RunError` for logs that cannot be of one run, `noEvents` where no step was finished.
    public init(_ description: RunDescription, logs: [RankLog]) throws {
        var builder = try TimelineBuilder(description, logs: logs)
        timeline = try builder.build(skip: 0)
        guard let first = timeline.activities.map(\.start).min() else {
            throw RunError.noEvents(path: description.name)
        }
        self.description = description
        self.logs = logs.sorted { $0.rank < $1.rank }
        timing = timeline.measuredTiming
        origin = first
        stepCount = timeline.steps.count
    }

    /// Hands the text over in pieces of about 64 KiB, so that a large run never stands in memory as text.
    public func write(to sink: (String) throws -> Void) rethrows {
        var writer = TraceWriter(origin: origin)
        writer.begin(name: description.name, schedule: description.schedule)
        for log in logs { writer.addProcess(log, stages: description.stages(of: log.rank)) }
        for index in timeline.activities.indices {
            add(index, to: &writer)
            if let piece = writer.takePiece() { try sink(piece) }
        }
        try sink(writer.end())
    }

    /// The whole text.
    public func text() -> String {
        var text = ""
        write { text += $0 }
        return text
    }

    private func add(_ index: Int, to writer: inout TraceWriter) {
        let activity = timeline.activities[index]
        let step = timeline.steps[activity.step]
        switch activity.kind {
        case .work: writer.addWork(activity, step: step)
        case .dataWait, .sendWait, .handOver: writer.addWait(activity, activity.category.title, step: step)
        case .receive, .sync:
            let split = activity.start &+ timing.late[index]
            let isMessage = activity.kind == .receive
            let names = isMessage ? ("late sender", "transfer") : ("late rank", "grad-sync")
            writer.addWait(activity, names.0, until: split, step: step)
            writer.addWait(activity, names.1, from: split, step: step)
            guard isMessage, activity.duration > 0, activity.dependency >= 0 else { return }
            writer.addArrow(from: timeline.activities[activity.dependency], to: activity)
        case .gap: break
        }
    }
}
