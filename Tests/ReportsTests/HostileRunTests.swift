import Foundation
import Glibc
import Reports
import Runs
import Systems
import TestSupport
import Testing

/// Run directories that come from elsewhere: any number, any name, any size in their files.
@Suite struct HostileRunTests {
    private let folder: TemporaryFolder
    private let directory: RunDirectory

    init() throws {
        folder = try TemporaryFolder()
        directory = RunDirectory(folder.file("run"))
    }

    /// Makes a file as large as said without taking room for it.
    private func extend(_ path: String, to size: Int) { #expect(truncate(path, size) == 0) }

    @Test func `an event file that is filled up with zeros is noticed where they begin`() throws {
        let store = try LongRun.begin(directory, budget: 1 << 20)
        try LongRun.write(0..<2, to: store)
        try store.close()
        let path = directory.eventsPath(rank: 0)
        let size = try folder.bytes("run/events/rank-0000.events").count
        extend(path, to: 3 << 30)
        let error = #expect(throws: RunError.self) { try directory.report() }
        let text = error?.description ?? ""
        #expect(text.contains("byte \(size)") && text.contains("zeros") && text.contains("rank-0000.events"))
        var follower = RunFollower(directory)
        #expect(throws: RunError.self) { try follower.refresh() }
    }

    @Test func `an event file without a header is not read to its end`() throws {
        _ = try LongRun.begin(directory, budget: 1 << 20)
        try File.write([], to: directory.eventsPath(rank: 1))
        extend(directory.eventsPath(rank: 1), to: 3 << 30)
        #expect(throws: RunError.self) { try directory.report() }
    }

    @Test func `files of JSON have a limit`() throws {
        _ = try LongRun.begin(directory, budget: 1 << 20)
        try LiveStatus(name: "x", state: .done, steps: 1, metrics: nil, ranks: []).write(to: directory.livePath)
        for path in [directory.livePath, directory.descriptionPath] { extend(path, to: 3 << 30) }
        let first = #expect(throws: SystemError.self) { try directory.description() }
        #expect(first?.description.contains("3221225472 bytes, expected at most 16777216") == true)
        #expect(throws: SystemError.self) { try LiveStatus.read(directory) }
        #expect(throws: RunError.self) {
            try StepMetrics(line: "{\"x\":\"" + String(repeating: "x", count: 2 << 20) + "\"}")
        }
    }

    @Test(arguments: [
        "micro_batches", "tokens_per_step", "first_layer", "rank", "flops_per_token", "peak_flops", "version",
        "layer_costs",
    ]) func `any number in run.json gives a report or an error`(key: String) throws {
        let store = try LongRun.begin(directory, budget: 1 << 20)
        try LongRun.write(0..<8, to: store)
        try store.close()
        var description = LongRun.description
        description.peakFlops = 1
        description.stages[0].layerCosts = [1]
        description.stages[1].layerCosts = [1]
        try directory.write(description)
        let text = try folder.text("run/run.json")
        for value in ["-1", "0", "9223372036854775807", "-9223372036854775808", "1e300", "-1e300", "1e19", "0.5"] {
            let hostile = text.replacing(try Regex("(\"\(key)\" : (\\[\\s*)?)[-0-9.e+]+")) {
                "\($0.output[1].substring!)\(value)"
            }
            #expect(hostile != text || key == "flops_per_token" && value == "0" || key == "first_layer" && value == "0")
            try File.write(hostile.utf8, to: directory.descriptionPath)
            guard let report = try? directory.report() else { continue }
            _ = (report.text(), try report.html(), try report.json())
            _ = try RunComparison(report, report).text()
        }
    }

    @Test func `any number in an event gives a report or an error`() throws {
        let store = try LongRun.begin(directory, budget: 1 << 20)
        try LongRun.write(0..<4, to: store)
        try store.close()
        let path = directory.eventsPath(rank: 1)
        let good = Array(try folder.bytes("run/events/rank-0001.events"))
        let header = good.count - 4 * LongRun.chunk(step: 0, rank: 1).count
        let words: [UInt64] = [0, 1 << 31, (1 << 60) - 1, 1 << 60, .max]
        // A wait, the forward behind it, the update.
        for record in [0, 1, 6] {
            for field in stride(from: 16, to: 56, by: 8) {
                for word in words {
                    var bytes = good
                    let place = header + record * EventLog.recordSize + field
                    for byte in 0..<8 { bytes[place + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)) }
                    try File.write(bytes, to: path)
                    if let report = try? directory.report() { _ = (report.text(), try report.html()) }
                    if let trace = try? directory.trace() { _ = trace.text() }
                }
            }
        }
    }

    @Test(arguments: ["-1e300", "-1e19", "1e300", "9223372036854775807", "-9223372036854775808"])
    func `any number in live.json can be shown`(value: String) throws {
        _ = try LongRun.begin(directory, budget: 1 << 20)
        let rank =
            "{\"rank\":\(value),\"device\":\"\",\"step\":\(value),\"instruction\":\"\",\"phase\":\"\",\"peakBytes\":\(value)}"
        for text in [
            "{\"version\":1,\"name\":\"x\",\"state\":\"running\",\"steps\":\(value),\"ranks\":[\(rank)],\"updatedAt\":1}",
            "{\"version\":1,\"name\":\"x\",\"state\":\"running\",\"steps\":3,\"ranks\":[],\"updatedAt\":\(value)}",
            "{\"version\":1,\"name\":\"x\",\"state\":\"running\",\"steps\":\(value),\"ranks\":[],\"updatedAt\":1,\"metrics\":"
                + "{\"step\":\(value),\"lr\":\(value),\"tokens\":\(value),\"tokens_per_s\":\(value),\"step_s\":\(value),\"peak_bytes\":[\(value)]}}",
        ] {
            try File.write(text.utf8, to: directory.livePath)
            do {
                let status = try LiveStatus.read(directory)
                _ = TopView(status).text(width: 80, height: 24)
                _ = LivePage(name: "x", status: status).html()
                _ = LivePage(name: "x", status: status).statusData()
            } catch let error as RunError {
                #expect(error.description.contains("live.json"))
            }
        }
    }

    @Test func `names that hold control characters are spelled out wherever they are shown`() throws {
        let evil = "\u{1b}[31m\u{7}\n\u{9b}\u{202e}"
        let spelled = "\\u{1b}[31m\\u{7}\\u{a}\\u{9b}\\u{202e}"
        var description = LongRun.description
        description.name = evil
        description.schedule = evil
        description.startedAt = evil
        description.devices = [evil, "cpu:1"]
        description.stages[0].layers = [evil]
        try directory.write(description)
        let store = EventStore(directory, budget: 1 << 20)
        for rank in 0..<2 { try store.register(RankLog(rank: rank, device: evil, host: evil)) }
        try LongRun.write(0..<8, to: store)
        try store.close()
        try LiveStatus(
            name: evil, state: .running, steps: 1, metrics: nil,
            ranks: [LiveStatus.Rank(rank: 0, device: evil, instruction: evil, phase: evil)]
        ).write(to: directory.livePath)
        let report = try directory.report()
        let status = try LiveStatus.read(directory)
        let texts = [
            report.text(), try report.html(), try report.json(), try directory.trace().text(), TopView(status).text(),
            LivePage(name: status.name, status: status, report: report).html(),
            LivePage(name: status.name, status: status).statusData(), try RunComparison(report, report).text(),
            RunError.malformed(file: evil, expected: evil, got: evil).description,
            RunError.notARun(path: evil, reason: evil).description,
        ]
        for (index, text) in texts.enumerated() {
            #expect(
                !text.unicodeScalars.contains { ["\u{1b}", "\u{7}", "\u{9b}", "\u{202e}"].contains($0) }, "\(index)")
        }
        #expect(report.text().contains(spelled) && texts[4].contains(spelled))
    }
}
