import Foundation
import Reports
import Runs
import Scheduling
import Testing

/// A run directory that grows while somebody follows it.
@Suite final class RunFollowerTests {
    private let directory = RunDirectory(NSTemporaryDirectory() + "follower-" + UUID().uuidString)
    private let run: FabricatedRun = {
        var run = FabricatedRun(stages: 3, microBatches: 4, steps: 12)
        run.latency = { _, _ in 400_000 }
        return run
    }()
    private var writers: [EventFileWriter] = []

    deinit { try? FileManager.default.removeItem(atPath: directory.path) }

    private func begin() throws {
        try directory.write(run.description)
        writers = try run.logs().map { log in
            var empty = log
            empty.events = []
            return try EventFileWriter(path: directory.eventsPath(rank: log.rank), log: empty)
        }
    }

    /// What the ranks log in these steps, rank by rank.
    private func write(_ steps: Range<Int>, ranks: Range<Int> = 0..<3) throws {
        for log in run.logs()[ranks] { try writers[log.rank].append(log.events.filter { steps.contains($0.step) }) }
    }

    @Test func `a run that has written nothing is no mistake`() throws {
        var follower = RunFollower(directory)
        try follower.refresh()
        #expect(follower.description == nil && follower.lastStep == nil)
        #expect(try follower.report() == nil)
        #expect(follower.traffic().isEmpty)
    }

    @Test func `the report is the one of the whole run`() throws {
        try begin()
        try write(0..<12)
        var follower = RunFollower(directory)
        try follower.refresh()
        #expect(follower.lastStep == 11)
        #expect(try follower.report() == run.report(skip: 2))
    }

    @Test func `steps count once every rank has them`() throws {
        var follower = RunFollower(directory)
        try begin()
        try follower.refresh()
        #expect(try follower.lastStep == nil && follower.report() == nil)
        try write(0..<3, ranks: 0..<2)
        try follower.refresh()
        #expect(try follower.lastStep == nil && follower.report() == nil)
        try write(0..<1, ranks: 2..<3)
        try follower.refresh()
        #expect(follower.lastStep == 0)
        #expect(try follower.report()?.lastStep == 0)
        try write(1..<5, ranks: 2..<3)
        try write(3..<5, ranks: 0..<2)
        try follower.refresh()
        #expect(follower.lastStep == 4)
        let report = try follower.report()
        #expect(report?.firstStep == 2 && report?.lastStep == 4 && report?.skipped == 2)
    }

    /// 3 ranks, at most 24 events each in a step: memory for three steps of each.
    @Test(arguments: [true, false]) func `only the newest steps are kept`(isLate: Bool) throws {
        try begin()
        var follower = RunFollower(directory, eventLimit: 3 * 80)
        for step in 0..<12 {
            try write(step..<step + 1)
            if !isLate { try follower.refresh() }
        }
        try follower.refresh()
        let report = try #require(try follower.report())
        #expect(report.lastStep == 11 && report.skipped == 0)
        #expect((1...4).contains(report.steps))
        #expect(report.bubble.measured.fraction > 0)
    }

    @Test func `a step that is too large to keep makes no report`() throws {
        try begin()
        try write(0..<3)
        var follower = RunFollower(directory, eventLimit: 3 * 8)
        try follower.refresh()
        #expect(try follower.report() == nil)
        try write(3..<4)
        try follower.refresh()
        #expect(try follower.report() == nil)
        #expect(follower.isTooLarge)
    }

    @Test func `a record that is half written is read later`() throws {
        try begin()
        try write(0..<2)
        let path = directory.eventsPath(rank: 1)
        let whole = try Data(contentsOf: URL(filePath: path))
        try whole.dropLast(20).write(to: URL(filePath: path))
        var follower = RunFollower(directory)
        try follower.refresh()
        try whole.write(to: URL(filePath: path))
        try follower.refresh()
        #expect(follower.lastStep == 1)
        #expect(try follower.report()?.lastStep == 1)
    }

    @Test func `bytes that are no events are named`() throws {
        try begin()
        try Data(repeating: 7, count: 500).write(to: URL(filePath: directory.eventsPath(rank: 1)))
        var follower = RunFollower(directory)
        #expect(throws: RunError.self) { try follower.refresh() }
    }

    /// Every other message lies ready when its receiver wants it; in the other half of the cases all do.
    @Test(arguments: [true, false]) func `messages that lie ready count in a link's traffic, but not as waits`(
        onlySome: Bool
    ) throws {
        try begin()
        // The last five count.
        let counted = 7..<12
        var waitedMs: [[Int]: Double] = [:]
        for log in run.logs() {
            let events = log.events.map { event in
                guard event.kind == .receiveWait, let peer = event.peer, let instruction = event.instruction else {
                    return event
                }
                var taken = event
                if !onlySome || instruction.microBatch.isMultiple(of: 2) { taken.kind = .takeOver }
                if counted.contains(event.step) {
                    let waited = taken.kind == .takeOver ? 0 : Double(event.end - event.start) / 1e6
                    waitedMs[[peer, log.rank], default: 0] += waited / Double(counted.count)
                }
                return taken
            }
            try writers[log.rank].append(events)
        }
        var follower = RunFollower(directory)
        try follower.refresh()
        let traffic = follower.traffic()
        #expect(traffic.map { [$0.from, $0.to] } == [[1, 0], [0, 1], [2, 1], [1, 2]])
        for link in traffic {
            #expect(link.messagesPerStep == 4 && link.bytesPerStep == 4 * 65_536)
            #expect((link.waitedMs > 0) == onlySome)
            #expect(abs(link.waitedMs - (waitedMs[[link.from, link.to]] ?? -1)) < 1e-9)
        }
    }

    @Test func `a link's traffic is what its receiver logged`() throws {
        try begin()
        try write(0..<12)
        var follower = RunFollower(directory)
        try follower.refresh()
        let traffic = follower.traffic()
        #expect(traffic.map { [$0.from, $0.to] } == [[1, 0], [0, 1], [2, 1], [1, 2]])
        for link in traffic {
            #expect(link.messagesPerStep == 4 && link.bytesPerStep == 4 * 65_536)
            #expect(link.mbPerS > 0 && link.waitedMs > 0)
        }
    }
}
