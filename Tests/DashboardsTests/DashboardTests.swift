import Dashboards
import Foundation
import Reports
import Runs
import Scheduling
import TestSupport
import Testing

/// A dashboard beside a run directory that a test writes.
@Suite(.serialized) struct DashboardTests {
    private let folder: TemporaryFolder
    private let run: RunDirectory

    init() throws {
        folder = try TemporaryFolder()
        run = RunDirectory(folder.file("run"))
    }

    /// Words that a terminal or a page would act on.
    @Test func `names from a stranger's files are shown spelled out`() async throws {
        try await offPool {
            try begin()
            try LiveStatus(
                name: "x\u{1b}[31m<b>", state: .running, steps: 9, metrics: nil,
                ranks: [LiveStatus.Rank(rank: 0, device: "cpu\u{9b}:0", phase: "wait\u{202e}ing")]
            ).write(to: run.livePath)
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            defer { dashboard.close() }
            dashboard.follow(run)
            dashboard.update()
            let page = try page(dashboard)
            #expect(page.contains("x\\u{1b}[31m&lt;b&gt;") && page.contains("cpu\\u{9b}:0"))
            #expect(!page.unicodeScalars.contains { ["\u{1b}", "\u{9b}", "\u{202e}"].contains($0) })
        }
    }

    /// A file from elsewhere, or a clock that was set.
    @Test(arguments: [-1e300, -1e19, 0, 1e300]) func `any time in the live file is shown`(updatedAt: Double)
        async throws
    {
        try await offPool {
            try begin()
            try LiveStatus(
                name: "tiny", state: .running, steps: .max, metrics: nil,
                ranks: [LiveStatus.Rank(rank: .min, device: "", step: .max, peakBytes: .min)], updatedAt: updatedAt
            ).write(to: run.livePath)
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            defer { dashboard.close() }
            dashboard.follow(run)
            dashboard.update()
            // Nobody holds this run's lock.
            let silent = updatedAt < 1e18
            #expect(try page(dashboard).contains("<b>not running</b>") == silent)
        }
    }

    private func page(_ dashboard: Dashboard, _ path: String = "/") throws -> String {
        let connection = try Connection(to: dashboard.address.port)
        try connection.ask(path)
        return try connection.read()
    }

    private func begin() throws {
        try run.write(
            RunDescription(
                name: "tiny", schedule: "1f1b", microBatches: 1,
                stages: [StageDescription(rank: 0, firstLayer: 0, layers: ["linear"])], devices: ["cpu:0"],
                tokensPerStep: 64))
    }

    private func write(_ state: LiveStatus.State, step: Int) throws {
        let metrics = StepMetrics(
            step: step, loss: 1.5, lr: 1e-3, gradNorm: nil, tokens: 64, tokensPerS: 4321, stepS: 0.1,
            bubbleFraction: 0.5)
        try LiveStatus(
            name: "tiny", state: state, steps: 9, metrics: step == 0 ? nil : metrics,
            ranks: [LiveStatus.Rank(rank: 0, device: "cpu:0")]
        ).write(to: run.livePath)
    }

    private func events(steps: Range<Int>) -> [Event] {
        steps.flatMap { step in
            let start = UInt64(step + 1) * 1_000_000
            return [
                Event(
                    .forward, step: step, instruction: Instruction(.forward, stage: 0, microBatch: 0), start: start,
                    end: start + 200_000),
                Event(
                    .backward, step: step, instruction: Instruction(.backward, stage: 0, microBatch: 0),
                    start: start + 200_000, end: start + 600_000),
                Event(.optimizer, step: step, start: start + 600_000, end: start + 900_000),
            ]
        }
    }

    @Test func `the page follows the run`() async throws {
        try await offPool {
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            #expect(try page(dashboard).contains("No report yet"))
            dashboard.follow(run)
            dashboard.update()
            #expect(try page(dashboard).contains("The workers are starting"))
            try begin()
            try write(.running, step: 0)
            dashboard.update()
            #expect(try page(dashboard).contains("The first of 9 steps."))
            let log = RankLog(rank: 0, device: "cpu:0", host: "here", events: events(steps: 0..<3))
            let writer = try EventFileWriter(path: run.eventsPath(rank: 0), log: log)
            try write(.running, step: 3)
            dashboard.update()
            let third = try page(dashboard)
            #expect(third.contains("Step 3 of 9 is done.") && third.contains("4,321 tok/s"))
            #expect(third.contains("Where the time goes") && third.contains("step 2, 2 before left out"))
            try writer.append(events(steps: 3..<9))
            try write(.done, step: 9)
            dashboard.update(isLast: true)
            let last = try page(dashboard)
            #expect(last.contains("All 9 steps are done.") && last.contains("steps 2–8"))
            dashboard.close()
            #expect(throws: Connection.Failure.self) { try page(dashboard) }
        }
    }

    @Test func `Prometheus reads what the run is at`() async throws {
        try await offPool {
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            defer { dashboard.close() }
            #expect(try page(dashboard, "/metrics").hasSuffix("\r\n\r\n"))
            dashboard.follow(run)
            try begin()
            try LiveStatus(
                name: "a\"b\\c", state: .running, steps: 9,
                metrics: StepMetrics(
                    step: 3, loss: .nan, lr: 1e-3, gradNorm: nil, tokens: 64, tokensPerS: 432.5, stepS: 0.1,
                    bubbleFraction: 0.5), tokens: 192,
                ranks: [LiveStatus.Rank(rank: 0, device: "cpu:0", bubbleFraction: 0.25, peakBytes: 4096)]
            ).write(to: run.livePath)
            try folder.write(EvaluationMetrics(step: 2, loss: 1.5).line() + "\n", to: "run/evaluations.jsonl")
            dashboard.update()
            let text = try page(dashboard, "/metrics")
            #expect(text.contains("Content-Type: text/plain; version=0.0.4"))
            let own = "run=\"a\\\"b\\\\c\""
            for line in [
                "# TYPE echelon_train_tokens_total counter", "echelon_train_tokens_total{\(own)} 192",
                "echelon_train_steps_total{\(own)} 3", "# TYPE echelon_train_loss gauge",
                "echelon_train_loss{\(own)} NaN", "echelon_train_learning_rate{\(own)} 0.001",
                "echelon_pipeline_rank_bubble_fraction{\(own),rank=\"0\",device=\"cpu:0\"} 0.25",
                "echelon_memory_peak_bytes{\(own),rank=\"0\",device=\"cpu:0\"} 4096",
                "echelon_evaluate_loss{\(own)} 1.5",
            ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
            #expect(!text.contains("gradient_norm") && !text.contains("loss_scale"))
        }
    }

    /// A coordinator that was killed leaves `running` behind.
    @Test func `a run that ended without a word ended early`() async throws {
        try await offPool {
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            defer { dashboard.close() }
            dashboard.follow(run)
            try begin()
            try write(.running, step: 4)
            dashboard.update(isLast: true)
            #expect(try page(dashboard).contains("It ended after 4 of 9 steps"))
        }
    }

    @Test func `what cannot be reported is said`() async throws {
        try await offPool {
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            defer { dashboard.close() }
            try begin()
            try folder.write(Data(repeating: 7, count: 500), to: "run/events/rank-0000.events")
            dashboard.follow(run)
            dashboard.update()
            #expect(try page(dashboard).contains("expected an event file"))
        }
    }

    @Test(.enabled(if: Browser.path != nil, "chromium is not installed, so the page was not looked at"))
    func `a browser sees the run to its end`() async throws {
        try await offPool {
            var dashboard = try Dashboard(at: DashboardAddress(port: 0))
            dashboard.follow(run)
            try begin()
            try write(.running, step: 0)
            dashboard.update()
            let browser = try Browser(path: try #require(Browser.path))
            defer { browser.close() }
            let url = try #require(dashboard.urls.first)
            let document = Promise<String>()
            Thread.detachNewThread { document.keep((try? browser.document(at: url)) ?? "") }
            let deadline = ContinuousClock.now + .seconds(60)
            while dashboard.listenerCount == 0, ContinuousClock.now < deadline { usleep(10_000) }
            let log = RankLog(rank: 0, device: "cpu:0", host: "here", events: events(steps: 0..<9))
            _ = try EventFileWriter(path: run.eventsPath(rank: 0), log: log)
            try write(.done, step: 9)
            dashboard.update(isLast: true)
            let seen = try #require(document.wait())
            dashboard.close()
            #expect(seen.contains("All 9 steps are done.") && seen.contains("Where the time goes"))
            #expect(seen.contains("<title>9/9 tiny: done</title>"))
        }
    }
}
