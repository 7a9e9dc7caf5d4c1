import Foundation
import Reports
import Runs
import Systems
import TestSupport
import Testing

/// A run's log stays within its bytes, however long the run is, and can be read at any time.
@Suite struct EventStoreTests {
    private let folder: TemporaryFolder
    private let directory: RunDirectory
    private static let budget = 1 << 20

    init() throws {
        folder = try TemporaryFolder()
        directory = RunDirectory(folder.file("run"))
    }

    private var bytes: Int {
        folder.files.reduce(0) { $0 + ($1.hasSuffix(".events") ? (try? folder.bytes($1).count) ?? 0 : 0) }
    }

    private func steps(_ logs: RunLogs) -> [Int] { logs.logs[0].events.filter { $0.kind == .optimizer }.map(\.step) }

    @Test func `a short run is kept whole, in one file for each rank`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        try LongRun.write(0..<200, to: store)
        try store.close()
        #expect(folder.files.filter { $0.hasSuffix(".events") }.count == 2)
        let logs = try directory.logs()
        #expect(steps(logs) == Array(0..<200) && logs.finishedSteps == nil && logs.notes.isEmpty)
        #expect(logs.logs[1].events == (0..<200).flatMap { LongRun.events(step: $0, rank: 1) })
    }

    @Test func `a long run keeps its first steps, its newest and a sample, all of them within the budget`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        var most = 0
        for part in 0..<20 {
            try LongRun.write(part * 1000..<(part + 1) * 1000, to: store)
            most = max(most, bytes)
        }
        try store.close()
        // 20,000 steps log 15 MiB; a step's or a block's excess is allowed.
        #expect(store.loggedBytes > 14 * Self.budget && most < Self.budget + Self.budget / 16)
        #expect(folder.files.filter { $0.hasSuffix(".events") }.count < 40)
        let newest = try #require(folder.files.filter { $0.contains("newest") }.max())
        #expect(newest.contains("rank-0001"))
        let logs = try directory.logs()
        let kept = steps(logs)
        #expect(logs.finishedSteps == 20_000 && kept == kept.sorted() && Set(kept).count == kept.count)
        #expect(kept.prefix(4) == [0, 1, 2, 3] && kept.count > 200)
        // Blocks of four, evenly spread.
        let blocks = kept.filter { $0 % 4 == 0 }
        #expect(kept == blocks.flatMap { Array($0..<$0 + 4) })
        let gaps = Set(zip(blocks, blocks.dropFirst()).map { $1 - $0 })
        #expect(gaps.count == 1 && kept.last! > 20_000 - 2 * gaps.first!)
        for rank in 0..<2 {
            #expect(logs.logs[rank].events == kept.flatMap { LongRun.events(step: $0, rank: rank) })
        }
    }

    @Test func `the report of a sample is the report of the whole run, and says how much it saw`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        try LongRun.write(0..<20_000, to: store)
        try store.close()
        let sampled = try directory.report()
        let whole = RunDirectory(folder.file("whole"))
        let all = try LongRun.begin(whole, budget: 1 << 30)
        try LongRun.write(0..<400, to: all)
        try all.close()
        let report = try whole.report()
        #expect(report.finishedSteps == nil && sampled.finishedSteps == 20_000)
        #expect(sampled.bubble.measured == report.bubble.measured && sampled.stepMs.p50 == report.stepMs.p50)
        #expect(abs(sampled.tokensPerS / report.tokensPerS - 1) < 1e-9)
        #expect(sampled.causes.map(\.share).reduce(0, +) > 0.999999)
        // Steps behind a hole show where ranks are, and do not count: three of each four do.
        #expect(sampled.text().contains("based on \(sampled.steps) of 20,000 steps"))
        #expect(try BubbleReport(json: sampled.json()) == sampled)
        #expect(try sampled.html().contains("of 20,000 steps"))
    }

    @Test func `a report takes as many events as it may, of a log of any size`() throws {
        let store = try LongRun.begin(directory, budget: 1 << 30)
        try LongRun.write(0..<5000, to: store)
        try store.close()
        let logs = try directory.logs(eventLimit: 2000)
        let count = logs.logs.reduce(0) { $0 + $1.events.count }
        #expect((900...2000).contains(count) && logs.finishedSteps == 5000)
        #expect(steps(logs).prefix(4) == [0, 1, 2, 3])
        let report = try directory.report(eventLimit: 2000)
        #expect(report.steps > 30 && report.lastStep > 4000 && report.finishedSteps == 5000)
    }

    @Test func `whoever follows the run sees every step on the way from file to file`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        var follower = RunFollower(directory)
        for part in 0..<60 {
            try LongRun.write(part * 50..<(part + 1) * 50, to: store)
            try follower.refresh()
            #expect(follower.lastStep == (part + 1) * 50 - 1)
            let report = try #require(try follower.report())
            #expect(report.lastStep == (part + 1) * 50 - 1 && report.steps >= 48)
        }
        var late = RunFollower(directory)
        try late.refresh()
        #expect(try late.lastStep == 2999 && late.report()?.steps == 50 && late.traffic().count == 2)
    }

    @Test func `whoever looks away for long goes on with the newest steps`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        try LongRun.write(0..<10, to: store)
        var follower = RunFollower(directory)
        try follower.refresh()
        try LongRun.write(10..<20_000, to: store)
        try follower.refresh()
        #expect(try follower.lastStep == 19_999 && follower.report()?.steps == 50)
    }

    @Test func `a log that ends in the middle of a record, in any of its files, can be read`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        try LongRun.write(0..<3000, to: store)
        try store.close()
        for name in folder.files where name.hasSuffix(".events") {
            try File.write(try folder.bytes(name).dropLast(20), to: folder.file(name))
        }
        let report = try directory.report()
        #expect(report.steps > 100 && report.notes.contains { $0.contains("36 bytes") })
    }

    @Test func `readings of the clock are few, however many come`() throws {
        let store = try LongRun.begin(directory, budget: 1 << 30)
        for instant in 0..<10_000 {
            store.append(ClockReading(own: UInt64(instant), coordinator: UInt64(instant), error: 5), rank: 0)
        }
        try LongRun.write(0..<1, to: store)
        try store.close()
        #expect(try directory.logs().logs[0].readings.map(\.own) == [9996, 9997, 9998, 9999])
    }

    @Test func `a chunk that goes back in steps is refused`() throws {
        let store = try LongRun.begin(directory, budget: Self.budget)
        try store.append(chunk: LongRun.chunk(step: 5, rank: 0), rank: 0)
        #expect(throws: RunError.self) { try store.append(chunk: LongRun.chunk(step: 4, rank: 0), rank: 0) }
        #expect(throws: RunError.self) { try store.append(chunk: [1, 2, 3], rank: 0) }
        #expect(throws: RunError.self) { try store.append(chunk: [UInt8](repeating: 99, count: 56), rank: 0) }
    }
}
