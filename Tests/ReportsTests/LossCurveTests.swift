import Foundation
import Reports
import Runs
import TestSupport
import Testing

/// The losses that a live page draws.
@Suite struct LossCurveTests {
    private static func line(_ step: Int, _ loss: Double?) -> String {
        StepMetrics(
            step: step, loss: loss, lr: 1e-3, gradNorm: 1, tokens: 8, tokensPerS: 80, stepS: 0.1, bubbleFraction: 0.5
        ).line() + "\n"
    }

    private func append(_ text: String, to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    @Test func `a million steps take the memory of a few hundred`() {
        var curve = LossCurve()
        for step in 1...1_000_000 { curve.add(step: step, loss: 5 - Double(step) / 1e6) }
        #expect(curve.buckets.count <= LossCurve.bucketLimit && curve.buckets.count > LossCurve.bucketLimit / 4)
        #expect(curve.buckets.first?.first == 1 && curve.buckets.last?.last == 1_000_000)
        for bucket in curve.buckets {
            let middle = 5 - Double(bucket.first + bucket.last) / 2e6
            #expect(abs(bucket.mean - middle) < 1e-9 && bucket.least <= bucket.mean && bucket.mean <= bucket.largest)
        }
        for step in 1...5000 { curve.add(EvaluationMetrics(step: step, loss: step == 77 ? 1 : 2)) }
        #expect(curve.evaluations.count <= LossCurve.evaluationLimit)
        #expect(curve.best?.step == 77)
    }

    @Test func `steps that are done again replace what they were`() {
        var curve = LossCurve()
        for step in 1...9 { curve.add(step: step, loss: 9) }
        curve.add(EvaluationMetrics(step: 4, loss: 3))
        curve.add(EvaluationMetrics(step: 8, loss: 2))
        for step in 6...7 { curve.add(step: step, loss: 1) }
        curve.add(EvaluationMetrics(step: 6, loss: 4))
        #expect(curve.buckets.map(\.mean) == [9, 9, 9, 9, 9, 1, 1])
        #expect(curve.evaluations.map(\.step) == [4, 6] && curve.best?.step == 4)
    }

    /// What a stranger's files may hold.
    @Test func `numbers of any size draw a page`() {
        var curve = LossCurve()
        for (step, loss) in [(Int.min, 1.0), (0, 1), (3, .nan), (4, .infinity), (5, 1e300), (6, 1e30), (7, -1e30)] {
            curve.add(step: step, loss: loss)
        }
        curve.add(step: .max, loss: 1e-300)
        curve.add(EvaluationMetrics(step: .max, loss: -0.0))
        #expect(curve.buckets.map(\.first) == [6, 7, .max])
        #expect(LivePage(name: "x", curve: curve).html().contains("aria-label=\"loss"))
        var far = LossCurve()
        for shift in 0..<62 { for step in 0..<40 { far.add(step: 1 << shift + step, loss: 1) } }
        far.add(step: .max, loss: 2)
        #expect(far.buckets.count <= LossCurve.bucketLimit)
        #expect(LivePage(name: "x", curve: far).html().contains("class=\"band\""))
        var late = LossCurve()
        late.add(step: .max, loss: 1)
        #expect(LivePage(name: "x", curve: late).html().contains("aria-label=\"loss"))
    }

    @Test func `the curve follows its files, line by whole line`() throws {
        let folder = try TemporaryFolder()
        let run = RunDirectory(folder.path)
        var follower = LossFollower(run)
        func hasNews() -> Bool { follower.refresh() }
        #expect(!hasNews())
        try folder.write(
            Self.line(1, 4) + Self.line(2, nil) + Self.line(3, .nan) + Self.line(4, 3), to: "metrics.jsonl")
        #expect(hasNews())
        #expect(follower.curve.buckets.map(\.first) == [1, 4] && !hasNews())
        try append("no step\n\n{\"step\":5,\"loss\":2", to: run.metricsPath)
        #expect(!hasNews())
        try append(".5,\"lr\":1}\n", to: run.metricsPath)
        try folder.write(
            EvaluationMetrics(step: 4, loss: 3.5).line() + "\n{\"step\":5,\"loss\":null}\n",
            to: "evaluations.jsonl")
        #expect(hasNews())
        #expect(follower.curve.buckets.last?.mean == 2.5)
        #expect(follower.curve.evaluations == [EvaluationMetrics(step: 4, loss: 3.5)])
        // The run was begun anew in the same folder.
        try FileManager.default.removeItem(atPath: run.metricsPath)
        try folder.write(Self.line(1, 7), to: "metrics.jsonl")
        #expect(hasNews())
        #expect(follower.curve.buckets.map(\.mean) == [7] && follower.curve.evaluations.count == 1)
    }

    @Test func `the page shows the curve, the evaluations and the best of them`() {
        #expect(LivePage(name: "x").html().contains("<section id=\"loss\" hidden></section>"))
        var curve = LossCurve()
        for step in 1...40 { curve.add(step: step, loss: 4 - Double(step) / 20) }
        for (step, loss) in [(10, 3.75), (20, 3.25), (30, 3.5)] { curve.add(EvaluationMetrics(step: step, loss: loss)) }
        let html = LivePage(name: "x", curve: curve).html()
        #expect(html.contains("training <b>2.0000</b>") && html.contains("held-out <b>3.5000</b>"))
        #expect(html.contains("best held-out <b>3.2500</b> at step 20"))
        #expect(html.contains("class=\"dots\"") && html.contains("class=\"ring\""))
    }
}
