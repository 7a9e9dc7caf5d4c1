import Foundation
import Reports
import Runs
import Testing

/// A run whose samples differ in length: what padding took stands by itself.
@Suite final class PaddingTests {
    private let directory = RunDirectory(NSTemporaryDirectory() + "padding-" + UUID().uuidString)
    private let run = FabricatedRun(stages: 2, microBatches: 4, steps: 6)
    private var padding = StepPadding()

    deinit { try? FileManager.default.removeItem(atPath: directory.path) }

    /// A quarter of the positions hold no token, in every other step half of them.
    private var lines: [StepMetrics] {
        (0..<6).map { step in
            let share = step.isMultiple(of: 2) ? 0.25 : 0.5
            return StepMetrics(
                step: step + 1, loss: 1, lr: 0.1, gradNorm: 1, tokens: Int(1200 * (1 - share)), tokensPerS: 1, stepS: 1,
                bubbleFraction: 0, padding: share)
        }
    }

    init() { for line in lines { padding.add(line) } }

    private func write(_ events: Bool = true) throws {
        try directory.write(run.description)
        let text = lines.map { $0.line() + "\n" }.joined()
        try text.write(toFile: directory.metricsPath, atomically: true, encoding: .utf8)
        guard events else { return }
        for log in run.logs() {
            var empty = log
            empty.events = []
            let writer = try EventFileWriter(path: directory.eventsPath(rank: log.rank), log: empty)
            try writer.append(log.events)
        }
    }

    @Test func `each step's padding is taken out of its passes and nothing else changes`() throws {
        let plain = try Accounts(run.description, logs: run.logs()).steps
        let padded = try Accounts(run.description, logs: run.logs(), padding: padding).steps
        #expect(plain.count == 12 && padded.count == 12)
        for (one, other) in zip(plain, padded) {
            let share = one.step.isMultiple(of: 2) ? 0.25 : 0.5
            #expect(other.sum == other.wall && other.wall == one.wall)
            #expect(other.compute == one.compute && other.idle == one.idle && one[.padding] == 0)
            #expect(Double(other[.padding]) == Double(one.compute) * share)
            #expect(Double(other[.forward]) == Double(one[.forward]) * (1 - share))
            #expect(other[.optimizer] == one[.optimizer] && other[.warmUp] == one[.warmUp])
        }
    }

    @Test func `the report names padding, what it took and what would help`() throws {
        try write()
        let report = try directory.report()
        let plain = try run.report()
        // Steps 2 to 5: of 4 × 1200 positions 3000 hold a token.
        let passes = plain.causes.filter(\.cause.isCompute).reduce(0) { $0 + $1.share }
        let share = try #require(report[.padding]).share
        #expect(abs(share / passes - 0.375) < 1e-9)
        #expect(report.tokensPerStep == 750)
        #expect(report.bubble == plain.bubble && report.stepMs == plain.stepMs)
        #expect(report.headline.cause == .padding)
        #expect(report.headline.sentence.hasSuffix("of all passes, 37.5 % are over positions without a token."))
        #expect(report.headline.fix?.hasPrefix("data.pack: true") == true)
        let change = try #require(report.whatIfs.first { $0.kind == .noPadding })
        #expect(change.gain > 0.5 && change.gain < 0.6)
        #expect(report.text().contains("forward backward padding optimizer warm-up"))
        #expect(try report.html().contains("c-padding") && report.json().contains("\"padding\""))
    }

    @Test func `where samples share rows already the advice is another`() throws {
        var description = run.description
        description.isPacked = true
        let fix = try BubbleReport(description, logs: run.logs(), padding: padding).headline.fix
        #expect(fix?.hasPrefix("more samples in a micro-batch") == true)
    }

    @Test func `a page that follows the run tells the same`() throws {
        try write()
        var follower = RunFollower(directory)
        try follower.refresh()
        #expect(try follower.report() == directory.report())
    }

    @Test func `lines that are no metrics and shares that cannot be count as nothing`() throws {
        try write()
        let odd =
            ["{}", "padding", "{\"step\":99999999999999999999}"]
            + [-1, 1, 2].map { share in
                var line = lines[3]
                line.padding = share
                return line.line()
            }
        let text = lines[0].line() + "\n" + odd.joined(separator: "\n") + "\n"
        try text.write(toFile: directory.metricsPath, atomically: true, encoding: .utf8)
        let report = try directory.report()
        #expect(report[.padding]?.share == 0 && report.tokensPerStep == 4096)
    }
}
