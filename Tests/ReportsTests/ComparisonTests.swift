import Foundation
import Reports
import Runs
import Testing

@Suite struct ComparisonTests {
    private func slow() -> FabricatedRun {
        var run = FabricatedRun(barrier: true)
        run.latency = { _, _ in 3_000_000 }
        return run
    }

    @Test func `every figure is before and after`() throws {
        let (before, after) = (try slow().report(), try FabricatedRun(barrier: true).report())
        let comparison = try RunComparison(before, after)
        let step = try #require(comparison.figures.first { $0.key == "step_ms_p50" })
        #expect(step.before == before.stepMs.p50 && step.after == after.stepMs.p50)
        #expect(step.difference == after.stepMs.p50 - before.stepMs.p50)
        #expect(step.ratio == after.stepMs.p50 / before.stepMs.p50)
        let transfer = try #require(comparison.causes.first { $0.key == "transfer" })
        #expect(transfer.before > 0 && transfer.after == 0)
        #expect(comparison.causes.contains { $0.key == "forward" && $0.difference == 0 })
        #expect(!comparison.causes.contains { $0.key == "data_wait" })
        #expect(comparison.differences.isEmpty)
    }

    @Test func `what differs is said`() throws {
        var other = FabricatedRun(stages: 4, microBatches: 16, gpipe: true, barrier: true)
        other.optimizer = 2_000_000
        var description = other.description
        description.tokensPerStep *= 2
        description.devices = ["sim:0", "sim:1", "sim:2", "sim:3"]
        var logs = other.logs()
        for rank in logs.indices { logs[rank].device = "sim:\(rank)" }
        let comparison = try RunComparison(FabricatedRun().report(), BubbleReport(description, logs: logs))
        #expect(
            comparison.differences == [
                "schedule: 1f1b before, gpipe after", "micro-batches: 8 before, 16 after",
                "devices: cpu:0, cpu:1, cpu:2, cpu:3 before, sim:0, sim:1, sim:2, sim:3 after",
                "tokens a step: 4,096 before, 8,192 after",
                "the global batches differ: compare tokens/s, not step times",
            ])
        let text = comparison.text()
        for difference in comparison.differences { #expect(text.contains("differs: " + difference)) }
    }

    @Test func `runs of different models are refused`() throws {
        let run = FabricatedRun()
        var description = run.description
        description.stages[3].layers = ["linear"]
        let other = try BubbleReport(description, logs: run.logs())
        let error = #expect(throws: RunError.self) { try RunComparison(run.report(), other) }
        #expect(error?.description.contains("different models, of 12 and 10 layers") == true)
        description = run.description
        description.flopsPerToken *= 2
        let wide = try BubbleReport(description, logs: run.logs())
        let second = #expect(throws: RunError.self) { try run.report().html(comparedTo: wide) }
        #expect(
            second?.description
                == "cannot compare fabricated with fabricated: a token costs 12.0 MFLOP in one and 6.0 MFLOP in the other: "
                + "the models or sequences differ")
    }

    @Test func `the text fits a terminal, and the JSON reads back`() throws {
        let comparison = try RunComparison(slow().report(), FabricatedRun(stages: 4, barrier: true).report())
        for line in comparison.text().split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        #expect(comparison.text().contains("transfer"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(RunComparison.self, from: Data(comparison.json().utf8)) == comparison)
    }
}
