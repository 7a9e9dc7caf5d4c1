import Foundation
import Runs
import TestSupport
import Testing

/// The forms in which a step's metrics are kept, beside its line of JSON.
@Suite struct MetricsFormTests {
    private let step = StepMetrics(
        step: 7, loss: 2.5, lr: 1e-3, gradNorm: .nan, tokens: 64, tokensPerS: 128, stepS: 0.5, bubbleFraction: nil,
        peakBytes: [10, 20])

    /// Fixtures/events.tfevents, from the script beside it.
    @Test func `TensorBoard's own writer makes the same bytes`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let expected = [UInt8](try Data(contentsOf: path.appendingPathComponent("Fixtures/events.tfevents")))
        let time = 1_700_000_000.25
        var found = TensorBoardEvent.version(wallTime: time)
        found += TensorBoardEvent.scalars([("Train/loss", 2.5), ("Train/lr", 1e-3)], step: 1, wallTime: time + 1)
        found += TensorBoardEvent.scalars([("Memory/peak_bytes/rank_11", 5e9)], step: 300, wallTime: time + 300)
        found += TensorBoardEvent.scalars(
            [("Train/loss", .infinity), ("Pipeline/bubble_fraction", -0.0)], step: 5_000_000_000, wallTime: time + 5e9)
        #expect(found == expected)
    }

    @Test func `an event file begins with its version, and holds what is known of each step`() throws {
        let folder = try TemporaryFolder()
        let file = try TensorBoardFile(in: folder.file("run/tensorboard"))
        #expect(file.path.contains("/run/tensorboard/events.out.tfevents."))
        #expect(file.append(step.scalars, step: 7) == nil)
        #expect(file.append(EvaluationMetrics(step: 7, loss: 1).scalars, step: 7) == nil)
        file.close()
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: file.path)), as: UTF8.self)
        #expect(text.components(separatedBy: "brain.Event:2").count == 2)
        for tag in ["Train/loss", "Train/lr", "Train/grad_norm", "Evaluate/loss", "Evaluate/perplexity"] {
            #expect(text.contains(tag))
        }
        #expect(!text.contains("bubble"))
    }

    @Test func `ranks are named by their stages`() {
        let tags = step.rankScalars(bubbles: [0.25, 0.5], names: ["stage_0", "stage_1"])
        #expect(
            tags.map(\.tag) == [
                "Pipeline/bubble_fraction/stage_0", "Pipeline/bubble_fraction/stage_1", "Memory/peak_bytes/rank_0",
                "Memory/peak_bytes/rank_1",
            ])
        #expect(tags.map(\.value) == [0.25, 0.5, 10, 20])
    }

    @Test func `the table has the columns of a step's line`() throws {
        let head = step.csvHead(ranks: 3)
        #expect(
            head == "step,loss,lr,grad_norm,tokens,tokens_per_s,step_s,bubble_fraction,loss_scale,skipped,"
                + "peak_bytes_0,peak_bytes_1,peak_bytes_2\n")
        #expect(step.csvRow(ranks: 3) == "7,2.5,0.001,nan,64,128.0,0.5,,,false,10,20,\n")
        #expect(try StepMetrics(line: step.line()).peakBytes == [10, 20])
        var padded = step
        padded.padding = 0.25
        #expect(padded.csvHead(ranks: 3).hasSuffix("peak_bytes_2,padding\n"))
        #expect(padded.csvRow(ranks: 3) == "7,2.5,0.001,nan,64,128.0,0.5,,,false,10,20,,0.25\n")
        #expect(try StepMetrics(line: padded.line()).padding == 0.25)
        #expect(
            step.line().hasPrefix(
                "{\"step\":7,\"loss\":2.5,\"lr\":0.001,\"grad_norm\":null,\"grad_norm_text\":\"nan\","))
    }
}
