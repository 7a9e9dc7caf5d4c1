import Foundation
import Reports
import Runs
import Scheduling
import Testing

@Suite struct ReportTextTests {
    @Test func `a perfect run reads as its schedule`() throws {
        let text = try FabricatedRun(stages: 4, microBatches: 8, steps: 4, optimizer: 0).report().text()
        let expected = """
            Bubble 27.3 % of the time (ideal 27.3 %); top cause: the pipeline's own fill and drain, 27.3 %.
            → more micro-batches: 16 instead of 8 would give 15.8 % instead of 27.3 %. Or schedule: zb-h2:
              predicted 240 ms a step, +37.5 % tokens/s, with 1.75 × the activations in memory.

            fabricated: 1f1b, 4 stages × 8 micro-batches · steps 2–3 (2 before left out)
            step p50 330 ms, p95 330 ms · 12,412 tok/s · 74.5 GFLOP/s

            Bubble        idle / wall   idle / compute
            measured           27.3 %           37.5 %
            predicted          27.3 %           37.5 %   the schedule with each stage's median times
            ideal              27.3 %           37.5 %   (p−1)/(m+p−1) and (p−1)/m, p = 4, m = 8

            ms a step      wall forward backward warm-up cool-down
              stage 0       330    80.0      160    60.0      30.0
                 p95        330    80.0      160    60.0      30.0
              stage 1       330    80.0      160    50.0      40.0
                 p95        330    80.0      160    50.0      40.0
              stage 2       330    80.0      160    40.0      50.0
                 p95        330    80.0      160    40.0      50.0
              stage 3       330    80.0      160    30.0      60.0
                 p95        330    80.0      160    30.0      60.0
              all           330    80.0      160    45.0      45.0
                 p95        330    80.0      160    45.0      45.0
              % of wall   100 %  24.2 %   48.5 %  13.6 %    13.6 %

            """
        #expect(text.hasPrefix(expected))
    }

    /// 88 cells of 330 ms: a forward is 2 ⅔ cells, a backward 5 ⅓.
    @Test func `the drawing shows who waits when`() throws {
        let text = try FabricatedRun(stages: 4, microBatches: 8, steps: 4, optimizer: 0).report().text()
        let drawing = text.split(separator: "\n").suffix(4).map(String.init)
        #expect(
            drawing == [
                "  stage 0   FFFFFFFFFFF················BBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBB···BBBBB···BBBBB···BBBBB",
                "  stage 1   ···FFFFFFFF··········BBBBBBFFBBBBBBFFBBBBBBFFBBBBBBFFBBBBBBFFBBBBBB··BBBBBB··BBBBBB·····",
                "  stage 2   ·····FFFFFF·····BBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBB···BBBBB···········",
                "  stage 3   ········FFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBBFFFBBBBB················",
            ])
    }

    @Test(arguments: [1, 2, 16, 17, 64], [1, 6])
    func `no line is wider than a terminal`(stages: Int, steps: Int) throws {
        var run = FabricatedRun(stages: stages, microBatches: 6, steps: steps, barrier: true)
        run.forward = { step, stage, _ in UInt64(9_000_000_000 + 1_000_000_000 * (stage % 3) + 500_000_000 * step) }
        run.latency = { _, _ in 900_000_000 }
        run.dataWait = { _, _ in 2_000_000_000 }
        run.sendWait = { _, _, _ in 2_000_000_000 }
        run.overhead = 200_000_000
        let text = try run.report().text()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines { #expect(line.count <= 100, "\(line)") }
        #expect(lines[0].hasPrefix("Bubble "))
        for stage in 0..<stages { #expect(text.contains("  stage \(stage) ")) }
        #expect(text.contains("of median length") == (stages <= 16))
    }

    private func uneven(layers: [Int], costs: [Double]? = nil) throws -> BubbleReport {
        var run = FabricatedRun(stages: layers.count)
        run.forward = { _, stage, _ in UInt64(layers[stage]) * 3_000_000 }
        run.backward = { _, stage, _ in UInt64(layers[stage]) * 6_000_000 }
        var description = run.description
        for (stage, count) in layers.enumerated() {
            description.stages[stage] = StageDescription(
                rank: stage, firstLayer: layers[..<stage].reduce(0, +),
                layers: Array(repeating: "transformer", count: count), layerCosts: stage == 1 ? costs : nil)
        }
        return try BubbleReport(description, logs: run.logs())
    }

    @Test func `the headline says which layer to move where`() throws {
        let headline = try uneven(layers: [2, 6, 4, 4]).headline
        #expect(headline.sentence.hasSuffix("stage 1 takes 1.50 × the median time of the others."))
        #expect(
            headline.fix
                == "move layers 2–3 from stage 1 to stage 0: predicted 397 ms a step, +22.7 % tokens/s. "
                + "Or schedule: zb-v, partition: {cuts: [2, 4, 6, 8, 10, 12, 14]}: predicted 289 ms a step, "
                + "+68.5 % tokens/s.")
        let one = try uneven(layers: [4, 6, 4, 4], costs: [1, 1, 1, 1, 1, 0.5]).headline
        #expect(one.fix?.hasPrefix("move layer 4 (transformer) from stage 1 to stage 0") == true)
    }

    @Test func `where no move helps the headline says so`() throws {
        // One layer takes twenty times as long as any other: no schedule helps either.
        var run = FabricatedRun(stages: 4)
        run.forward = { _, stage, _ in stage == 1 ? 200_000_000 : 10_000_000 }
        run.backward = { _, stage, _ in stage == 1 ? 400_000_000 : 20_000_000 }
        var description = run.description
        for stage in 0..<4 {
            description.stages[stage] = StageDescription(rank: stage, firstLayer: stage, layers: ["transformer"])
        }
        #expect(
            try BubbleReport(description, logs: run.logs()).headline.fix
                == "no other cuts between the layers help: split the slowest stage's largest layer.")
        // Nine layers are even enough for eight stages.
        #expect(try uneven(layers: [2, 3, 2, 2]).headline.fix?.hasPrefix("schedule: ") == true)
        #expect(try uneven(layers: [1, 1, 1, 1], costs: nil).headline.cause == .warmUp)
    }

    @Test func `one stage has no bubble and no advice`() throws {
        let headline = try FabricatedRun(stages: 1).report().headline
        #expect(headline.cause == nil)
        #expect(headline.fix == nil)
    }

    @Test func `skipping more steps than there are keeps the last`() throws {
        let report = try FabricatedRun(steps: 2).report(skip: 100)
        #expect(report.steps == 1)
        #expect(report.firstStep == 1)
        #expect(report.skipped == 1)
    }

    @Test func `cold first steps do not count`() throws {
        var run = FabricatedRun(steps: 6)
        run.forward = { step, _, _ in step < 2 ? 90_000_000 : 10_000_000 }
        let report = try run.report()
        #expect(report.stepMs.p50 < 340)
        #expect(report.ranks.allSatisfy { $0.work[0].forwardMs == 10 })
        #expect(report.tokensPerS > 12_000)
    }

    @Test func `the links carry what their messages carried`() throws {
        let report = try FabricatedRun().report()
        #expect(report.links.map { [$0.from, $0.to] } == [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]])
        for link in report.links {
            #expect(link.messagesPerStep == 8)
            #expect(link.bytesPerStep == 8 * 65_536)
            #expect(abs(link.mbPerS - 8 * 0.065536 / 0.331) < 0.01)
        }
    }

    @Test func `the shares sum to the wall time`() throws {
        let report = try FabricatedRun(barrier: true).report()
        #expect(abs(report.causes.reduce(0) { $0 + $1.share } - 1) < 1e-12)
        for rank in report.ranks { #expect(abs(rank.causes.reduce(0) { $0 + $1.share } - 1) < 1e-12) }
    }
}
