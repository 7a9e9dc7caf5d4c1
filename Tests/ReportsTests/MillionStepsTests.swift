import Foundation
import Reports
import Runs
import Systems
import Testing

/// What a run of a million steps leaves, for measuring: only where somebody asks, since it takes a minute and a gigabyte.
///
///     ECHELON_MILLION=/tmp/million swift test -c release --skip-build --filter MillionStepsTests
///     /usr/bin/time -v .build/release/echelon report /tmp/million
@Suite(.enabled(if: askedFor != nil)) struct MillionStepsTests {
    private static let steps = 1_000_000

    @Test func `a million steps leave less than a gigabyte, and their report says what it is based on`() throws {
        let directory = RunDirectory(try #require(askedFor))
        try File.makeFolder(directory.path)
        let store = try LongRun.begin(directory, budget: 256 << 20)
        for part in 0..<Self.steps / 10_000 { try LongRun.write(part * 10_000..<(part + 1) * 10_000, to: store) }
        try store.close()
        try writeMetrics(directory)
        let files = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        let bytes = files.reduce(0) { $0 + (File.size("\(directory.path)/\($1)") ?? 0) }
        #expect(bytes > 500 << 20 && bytes < 1_000_000_000, "\(bytes)")
        let report = try directory.report()
        #expect(report.finishedSteps == Self.steps && report.steps < Self.steps && report.firstStep < 10)
        for rank in report.ranks {
            let shares = rank.causes.reduce(0) { $0 + $1.share }
            #expect(abs(shares - 1) < 1e-9, "rank \(rank.rank): \(shares)")
        }
    }

    private func writeMetrics(_ directory: RunDirectory) throws {
        let (lines, table) = (try RecordFile(directory.metricsPath), try RecordFile(directory.tablePath))
        for step in 1...Self.steps {
            let noise = Double(step % 997) / 997
            let metrics = StepMetrics(
                step: step, loss: 2 + noise, lr: 1e-3 * noise, gradNorm: 1 + noise / 3, tokens: 64,
                tokensPerS: 64_000 * (1 + noise / 7), stepS: 1e-3 / (1 + noise), bubbleFraction: noise / 9,
                peakBytes: [123_456_789, 123_456_789])
            lines.append(Array((metrics.line() + "\n").utf8))
            table.append(Array(((step == 1 ? metrics.csvHead(ranks: 2) : "") + metrics.csvRow(ranks: 2)).utf8))
        }
    }
}

private let askedFor = ProcessInfo.processInfo.environment["ECHELON_MILLION"]
