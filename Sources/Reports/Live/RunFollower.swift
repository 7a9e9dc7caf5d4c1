public import Runs
import Systems

/// Keeps the last steps of a run in memory while it goes on, for repeated reports.
///
/// Memory is bounded, whatever the run's size; of one whose single step is larger than that, there is no report.
public struct RunFollower {
    /// Steps that a report is made of, the newest.
    private static let stepLimit = 50

    /// The run that is followed.
    public let directory: RunDirectory
    /// The run's `run.json`; nil until it has been written.
    public private(set) var description: RunDescription?
    /// The `run.json` that was read: an attempt that goes on writes its own, and begins its events anew.
    private var identity: FileIdentity?
    private var tails: [EventTail] = []
    private var windows: [StepWindow] = []
    private var padding: PaddingTail
    private let eventLimit: Int

    /// - Parameters:
    ///   - directory: the run's.
    ///   - eventLimit: events kept, of all ranks together.
    public init(_ directory: RunDirectory, eventLimit: Int = 200_000) {
        self.directory = directory
        self.eventLimit = eventLimit
        padding = PaddingTail(directory, .newest(2 * Self.stepLimit))
    }

    /// Reads what the run wrote since the last call; a run that has written nothing yet is no error.
    public mutating func refresh() throws {
        let present = try? FileIdentity(path: directory.descriptionPath)
        let isNew = identity.map { known in present.map { !$0.isSameFile(as: known) } ?? false } ?? true
        if description == nil || isNew { try begin(present) }
        padding.read()
        let parts = tails.isEmpty ? [:] : directory.eventParts()
        for rank in tails.indices {
            let news = try tails[rank].read(parts[rank] ?? [], limit: limit)
            windows[rank].add(news, limit: limit)
        }
    }

    private var limit: Int { eventLimit / max(1, tails.count) }

    private mutating func begin(_ present: FileIdentity?) throws {
        guard let present else { return }
        let found = try directory.description()
        (description, identity) = (found, present)
        tails = found.devices.indices.map { EventTail(rank: $0, of: directory) }
        windows = found.devices.map { _ in StepWindow() }
    }

    /// The last step that every rank has finished, counted from 0; nil before there is one.
    public var lastStep: Int? {
        let last = windows.compactMap(\.lastWhole)
        return last.count == windows.count ? last.min() : nil
    }

    /// Whether a step is too large to keep.
    public var isTooLarge: Bool { windows.contains(where: \.isTooLarge) }

    /// The steps that all ranks' windows hold whole.
    var steps: ClosedRange<Int>? {
        guard let last = lastStep, let first = windows.compactMap(\.firstWhole).max(), first <= last else { return nil }
        return max(first, last - Self.stepLimit + 1)...last
    }

    /// The events of those steps, on the coordinator's clock.
    func logs(_ steps: ClosedRange<Int>) -> [RankLog] {
        var logs = tails.indices.map { rank in
            var log = tails[rank].log ?? RankLog(rank: rank)
            log.events = windows[rank].events.filter { steps.contains($0.step) }
            return log
        }
        RankLog.synchronise(&logs)
        return logs
    }

    /// The report over the steps kept, without the run's first two where there are others; nil before there is one.
    public func report() throws -> BubbleReport? {
        guard let description, let steps else { return nil }
        do {
            return try BubbleReport(
                description, logs: logs(steps), skip: max(0, 2 - steps.lowerBound), padding: padding.padding)
        } catch RunError.noEvents {
            return nil
        }
    }

    /// What travelled in the last steps, over each link.
    public func traffic() -> [LinkTraffic] {
        guard let steps else { return [] }
        return LinkTraffic.of(logs(max(steps.lowerBound, steps.upperBound - 4)...steps.upperBound))
    }
}
