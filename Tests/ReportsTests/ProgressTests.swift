import Foundation
import Reports
import Runs
import Scheduling
import Testing

@Suite struct ProgressTests {
    let metrics = StepMetrics(
        step: 10, loss: 2.3125, lr: 0.001, gradNorm: 1.2071, tokens: 4096, tokensPerS: 1234.4, stepS: 0.1 + 0.2,
        bubbleFraction: 0.1184, peakBytes: [1024, 2048])

    @Test func `a line of metrics is the documented object`() {
        let expected =
            #"{"step":10,"loss":2.3125,"lr":0.001,"grad_norm":1.2071,"tokens":4096,"tokens_per_s":1234.4,"#
            + #""step_s":0.30000000000000004,"bubble_fraction":0.1184,"loss_scale":null,"skipped":false,"peak_bytes":[1024,2048]}"#
        #expect(metrics.line() == expected)
    }

    @Test(arguments: [
        0.1 + 0.2, 1e-300, .leastNonzeroMagnitude, 1e22, .greatestFiniteMagnitude, -0.0, .infinity, -.infinity, .nan,
        nil,
    ])
    func `every loss reads back from valid JSON`(loss: Double?) throws {
        var metrics = metrics
        metrics.loss = loss
        metrics.gradNorm = loss
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(metrics.line().utf8)) }
        let encoded = String(decoding: try JSONEncoder().encode(metrics), as: UTF8.self)
        for text in [metrics.line(), encoded] {
            let read = try StepMetrics(line: text)
            #expect(read.loss?.bitPattern == loss?.bitPattern)
            #expect(read.gradNorm?.bitPattern == loss?.bitPattern)
        }
        #expect(metrics.line().contains("loss_text") == (loss.map { !$0.isFinite } ?? false))
    }

    @Test func `a loss that is not finite is null and says why`() {
        var metrics = metrics
        metrics.loss = .nan
        #expect(metrics.line().contains(#""loss":null,"loss_text":"nan","lr""#))
        #expect(ProgressLine(metrics, of: 200).plain.contains("loss nan"))
    }

    @Test func `a broken line is an error`() {
        #expect(throws: RunError.self) { try StepMetrics(line: "{\"step\": \"x\"}") }
    }

    @Test func `the progress line shows step, loss, speed, bubble and time left`() {
        let line = ProgressLine(
            metrics, of: 200, flopsPerS: 12.34e9, peakFlopsPerS: 20.2e9, etaSeconds: 62)
        #expect(
            line.plain
                == "step 10/200  loss 2.3125  grad 1.21  lr 1.0e-3  1,234 tok/s  bubble 11.8 %  12.3 GFLOP/s (61 %)  eta 1m02s"
        )
    }

    @Test func `what is unknown is not shown`() {
        let metrics = StepMetrics(
            step: 1, loss: nil, lr: 3e-4, gradNorm: nil, tokens: 1, tokensPerS: 1_234_567, stepS: 1, bubbleFraction: nil
        )
        #expect(
            ProgressLine(metrics, of: 2, flopsPerS: 5e12).plain == "step 1/2  lr 3.0e-4  1,234,567 tok/s  5.0 TFLOP/s")
        #expect(ProgressLine(metrics, of: 2, flopsPerS: 5e3).plain.hasSuffix("  5.0 kFLOP/s"))
    }

    @Test(arguments: [(0.4, "0s"), (59.6, "1m00s"), (3599, "59m59s"), (3661, "1h01m"), (190_000, "2d04h")])
    func `times left are short`(seconds: Double, expected: String) {
        #expect(ProgressLine(metrics, of: 200, etaSeconds: seconds).plain.hasSuffix("eta " + expected))
    }

    @Test(arguments: [0, 1, 5, 20, 40, 80, 120, 200])
    func `the bar fills the terminal and never wraps`(width: Int) {
        let bar = ProgressLine(metrics, of: 20, flopsPerS: 1e9, etaSeconds: 5).bar(width: width)
        #expect(bar.first == "\r")
        #expect(bar.count == max(1, width))
        if width >= 200 { #expect(bar.count(where: { $0 == "█" }) == bar.count(where: { $0 == "░" })) }
        if width >= 20 { #expect(bar.contains("step 10/20")) }
    }

    @Test func `the live bubble of a perfect step is the closed form`() throws {
        let run = FabricatedRun(barrier: true, optimizer: 0)
        let events = run.logs().map(\.events)
        let bubble = try #require(bubbleFraction(ofStep: 3, ranks: events))
        #expect(abs(bubble - 3.0 / 11) < 0.001)
        #expect(bubbleFraction(ofStep: 99, ranks: events) == nil)
    }
}
