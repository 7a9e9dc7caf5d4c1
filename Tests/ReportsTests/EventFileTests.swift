import Foundation
import Reports
import Runs
import Scheduling
import Systems
import Testing

@Suite struct EventFileTests {
    let events = [
        Event(.dataWait, step: 0, start: 5, end: 9),
        Event(.forward, step: 0, instruction: Instruction(.forward, stage: 2, microBatch: 7), start: 9, end: 12),
        Event(
            .receiveWait, step: 1, instruction: Instruction(.backwardInput, stage: 65_000, microBatch: 8191), peer: 3,
            start: 12, end: 1 << 59, sent: 11, bytes: 1 << 40),
        Event(.optimizer, step: 1_000_000, start: 1 << 59, end: 1 << 59),
    ]

    @Test func `chunks carry events unchanged`() throws {
        let (bytes, consumed) = EventLog.encode(events[...])
        #expect(consumed == 4)
        #expect(bytes.count == 4 * EventLog.recordSize)
        #expect(try EventLog.decode(bytes) == events)
    }

    @Test func `a chunk takes what fits, and the rest follows`() throws {
        let many = (0..<3000).map { Event(.forward, step: $0, start: UInt64($0), end: UInt64($0) + 1) }
        var rest = many[...]
        var read: [Event] = []
        while !rest.isEmpty {
            let (bytes, consumed) = EventLog.encode(rest)
            #expect(bytes.count <= 60 * 1024)
            read += try EventLog.decode(bytes)
            rest = rest.dropFirst(consumed)
        }
        #expect(read == many)
        #expect(EventLog.encode(many[...], limit: 55).consumed == 0)
    }

    @Test func `the record is as documented`() {
        let event = Event(
            .receiveWait, step: 1, instruction: Instruction(.backward, stage: 2, microBatch: 3), peer: 4, start: 5,
            end: 6, sent: 7, bytes: 8)
        let wide: [UInt8] = [1, 5, 6, 7, 8]
        let expected: [UInt8] =
            [8, UInt8(ascii: "B"), 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]
            + wide.flatMap { [$0] + [0, 0, 0, 0, 0, 0, 0] }
        #expect(EventLog.encode([event][...]).bytes == expected)
    }

    @Test func `damaged records are errors that name the record`() {
        let good = EventLog.encode(events[...]).bytes
        for (offset, value) in [(56, 77), (57, 200), (56 + 47, 255), (56 + 31, 1), (56 + 7, 128), (56 + 11, 255)]
            as [(Int, UInt8)]
        {
            var bytes = good
            bytes[offset] = value
            let error = #expect(throws: RunError.self) { try EventLog.decode(bytes) }
            #expect(error?.description.contains("record 1") == true)
        }
        #expect(throws: RunError.self) { try EventLog.decode(Array(good.dropLast())) }
    }

    private func temporaryRun() throws -> RunDirectory {
        let path = FileManager.default.temporaryDirectory.path + "/reports-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return RunDirectory(path)
    }

    private func write(_ run: FabricatedRun, to directory: RunDirectory) throws {
        try directory.write(run.description)
        for log in run.logs() {
            var header = log
            header.events = []
            let writer = try EventFileWriter(path: directory.eventsPath(rank: log.rank), log: header)
            var rest = log.events[...]
            while !rest.isEmpty {
                let (bytes, consumed) = EventLog.encode(rest, limit: 1000)
                try writer.append(chunk: bytes)
                rest = rest.dropFirst(consumed)
            }
            try writer.close()
        }
    }

    @Test func `a run directory gives the report of its events`() throws {
        var run = FabricatedRun()
        run.clockOffset = { Int64($0) * -1_000_000 }
        let directory = try temporaryRun()
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        try write(run, to: directory)
        #expect(directory.eventsPath(rank: 3).hasSuffix("/events/rank-0003.events"))
        #expect(try directory.description() == run.description)
        #expect(try directory.logs().logs == run.logs())
        let report = try directory.report()
        #expect(try report == run.report())
        #expect(try BubbleReport(json: report.json()) == report)
        #expect(try report.json().contains("\"version\" : 1"))
    }

    @Test func `a record that is cut off is left out and noted`() throws {
        let run = FabricatedRun()
        let directory = try temporaryRun()
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        try write(run, to: directory)
        let path = directory.eventsPath(rank: 1)
        let bytes = try #require(FileManager.default.contents(atPath: path))
        try bytes.dropLast(20).write(to: URL(fileURLWithPath: path))
        let report = try directory.report()
        #expect(report.lastStep == 4)
        #expect(report.notes.contains { $0.contains("rank 1") && $0.contains("36 bytes") })
        #expect(report.text().contains("36 bytes"))
    }

    @Test func `what is not a run is named`() throws {
        let missing = RunDirectory("/nonexistent/run")
        #expect(
            throws: RunError.notARun(path: "/nonexistent/run", reason: "there is no such directory")
        ) { try missing.report() }
        let directory = try temporaryRun()
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        #expect(throws: RunError.notARun(path: directory.path, reason: "it has no run.json")) {
            try directory.report()
        }
        try directory.write(FabricatedRun().description)
        #expect(throws: RunError.noEvents(path: directory.path)) { try directory.report() }
        try Data("{\"version\": 1}".utf8).write(to: URL(fileURLWithPath: directory.descriptionPath))
        let error = #expect(throws: RunError.self) { try directory.report() }
        #expect(error?.description.contains("run.json") == true)
    }

    @Test func `a file that exists is not continued`() throws {
        let directory = try temporaryRun()
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        let path = directory.path + "/rank-0000.events"
        _ = try EventFileWriter(path: path, log: RankLog(rank: 0))
        #expect(throws: SystemError.self) { try EventFileWriter(path: path, log: RankLog(rank: 0)) }
    }

    @Test func `no bytes make the reader trap`() throws {
        let directory = try temporaryRun()
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        try File.makeFolder(directory.eventsPath)
        let path = directory.eventsPath(rank: 7)
        let log = RankLog(rank: 7, device: "cpu:0", host: "node-1", clockOffset: -5, clockError: 3, events: events)
        try EventFileWriter(path: path, log: log).close()
        let good = [UInt8](try #require(FileManager.default.contents(atPath: path)))
        #expect(try directory.logs().logs == [log])
        for length in 0..<good.count {
            try File.write(good.prefix(length), to: path)
            _ = try? directory.logs()
        }
        for offset in good.indices {
            for value in [0, 1, 127, 128, 255] as [UInt8] {
                var bytes = good
                bytes[offset] = value
                try File.write(bytes, to: path)
                _ = try? directory.logs()
            }
        }
    }
}
