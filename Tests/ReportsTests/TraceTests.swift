import Foundation
import Reports
import Runs
import Scheduling
import Systems
import Testing

@Suite struct TraceTests {
    private func run() -> FabricatedRun {
        var run = FabricatedRun(stages: 4, microBatches: 6, steps: 3, barrier: true)
        run.forward = { _, stage, microBatch in UInt64(9_000_000 + 1_000_003 * stage + 777 * microBatch) }
        run.latency = { _, _ in 1_234_567 }
        run.dataWait = { _, _ in 2_000_001 }
        run.sendWait = { _, stage, _ in stage == 1 ? 500_000 : 0 }
        run.overhead = 10_000
        return run
    }

    private struct Event {
        var phase: String
        var name: String
        var category: String
        var pid: Int
        /// Nanoseconds.
        var start: Int
        var duration: Int
        var id: Int?
        var arguments: [String: Any]
    }

    private func events(_ run: FabricatedRun) throws -> [Event] {
        let text = try ChromeTrace(run.description, logs: run.logs()).text()
        let root = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let list = try #require(root["traceEvents"] as? [[String: Any]])
        func nanoseconds(_ value: Any?) -> Int { Int(((value as? Double ?? 0) * 1000).rounded()) }
        return try list.map { event in
            #expect(event["tid"] as? Int == 0)
            return Event(
                phase: try #require(event["ph"] as? String), name: try #require(event["name"] as? String),
                category: event["cat"] as? String ?? "",
                pid: try #require(event["pid"] as? Int), start: nanoseconds(event["ts"]),
                duration: nanoseconds(event["dur"]), id: event["id"] as? Int,
                arguments: event["args"] as? [String: Any] ?? [:])
        }
    }

    @Test func `spans of a rank follow each other`() throws {
        let spans = try events(run()).filter { $0.phase == "X" }
        for rank in 0..<4 {
            let own = spans.filter { $0.pid == rank }.sorted { $0.start < $1.start }
            #expect(own.allSatisfy { $0.duration >= 0 && $0.start >= 0 })
            for (before, after) in zip(own, own.dropFirst()) { #expect(before.start + before.duration <= after.start) }
        }
    }

    @Test func `every instruction is a span of its name`() throws {
        let run = run()
        let spans = try events(run).filter { $0.phase == "X" }
        for rank in 0..<4 {
            let names = spans.filter { $0.pid == rank && $0.arguments["micro_batch"] != nil }.map(\.name)
            #expect(names == (0..<3).flatMap { _ in run.order(of: rank).map(\.description) })
        }
        #expect(spans.filter { $0.name == "optimizer" }.count == 12)
        let categories = Dictionary(grouping: spans, by: \.category).mapValues(\.count)
        #expect(categories["forward-compute"] == 72 && categories["backward-compute"] == 72)
        #expect(categories["optimizer"] == 12)
        #expect((categories["forward-recv"] ?? 0) > 0 && (categories["backward-recv"] ?? 0) > 0)
    }

    @Test func `a wait is a span for each of its causes`() throws {
        let spans = try events(run()).filter { $0.phase == "X" && $0.name.hasPrefix("wait: ") }
        let causes = Dictionary(grouping: spans) { $0.arguments["cause"] as? String ?? "" }
        #expect(Set(causes.keys) == ["late sender", "transfer", "data-wait", "back-press", "late rank", "grad-sync"])
        #expect(causes["data-wait"]?.allSatisfy { $0.pid == 0 && $0.duration == 2_000_001 } == true)
        #expect(causes["transfer"]?.allSatisfy { $0.duration <= 1_234_567 && $0.arguments["bytes"] != nil } == true)
        #expect(causes["back-press"]?.allSatisfy { $0.pid == 1 && $0.duration == 500_000 } == true)
    }

    @Test func `arrows go from the instruction that made a message to the wait for it`() throws {
        let events = try events(run())
        let spans = events.filter { $0.phase == "X" }
        func span(_ end: Event) -> Event? {
            spans.first { $0.pid == end.pid && $0.start <= end.start && end.start < $0.start + $0.duration }
        }
        let starts = events.filter { $0.phase == "s" }
        let ends = events.filter { $0.phase == "f" }
        #expect(!starts.isEmpty)
        #expect(Set(starts.compactMap(\.id)).count == starts.count)
        #expect(starts.map(\.id) == ends.map(\.id))
        for (start, end) in zip(starts, ends) {
            let maker = try #require(span(start).flatMap { Instruction($0.name) })
            let wait = try #require(span(end))
            let taker = try #require((wait.arguments["for"] as? String).flatMap { Instruction($0) })
            #expect(wait.name.hasPrefix("wait: "))
            #expect(maker.microBatch == taker.microBatch && maker.pass == taker.pass)
            #expect(maker.stage == taker.stage + (taker.pass == .forward ? -1 : 1))
            #expect(start.start < end.start)
        }
    }

    @Test func `times are those of the coordinator's clock`() throws {
        let same = try ChromeTrace(run().description, logs: run().logs()).text()
        var shifted = run()
        shifted.clockOffset = { [0, 700_000_000, -900_000_000, 12_345][$0] }
        #expect(try ChromeTrace(shifted.description, logs: shifted.logs()).text() == same)
    }

    @Test func `ranks are processes with the names of their stages`() throws {
        var description = run().description
        description.name = "a \"quoted\"\\\n name"
        let text = try ChromeTrace(description, logs: run().logs()).text()
        let root = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect((root["otherData"] as? [String: Any])?["run"] as? String == description.name)
        let names = try events(run()).filter { $0.name == "process_name" }.map { $0.arguments["name"] as? String }
        #expect(names == (0..<4).map { "stage \($0) · cpu:\($0) · here" })
    }

    @Test func `a large trace comes in pieces`() throws {
        let run = FabricatedRun(stages: 8, microBatches: 64, steps: 4)
        let trace = try ChromeTrace(run.description, logs: run.logs())
        var pieces: [Int] = []
        trace.write { pieces.append($0.utf8.count) }
        #expect(pieces.count > 4)
        #expect(pieces.allSatisfy { $0 < 1 << 17 })
        #expect(pieces.reduce(0, +) == trace.text().utf8.count)
    }

    @Test func `a trace is written to its file`() throws {
        let run = run()
        let path = FileManager.default.temporaryDirectory.path + "/trace-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let trace = try ChromeTrace(run.description, logs: run.logs())
        try trace.write(toFile: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == trace.text())
        #expect(throws: SystemError.self) { try trace.write(toFile: "/nonexistent/trace.json") }
    }

    @Test func `a run without a finished step has no trace`() throws {
        let run = run()
        let logs = run.logs().map { RankLog(rank: $0.rank) }
        #expect(throws: RunError.noEvents(path: "fabricated")) { try ChromeTrace(run.description, logs: logs) }
    }
}
