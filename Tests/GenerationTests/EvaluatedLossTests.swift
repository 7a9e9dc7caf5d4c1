import Coordination
import Foundation
import Generation
import Manifests
import Runs
import TestPlans
import TestSupport
import Testing

/// The loss on held-out data, against the model's own logits.
@Suite struct EvaluatedLossTests {
    /// −log of the probability of each next id that counts, from the logits as `echelon logits` gives them.
    private func lossByHand(
        _ predictor: Predictor, _ samples: [(ids: [Int32], first: Int)]
    ) throws -> (sum: Double, count: Int) {
        var (sum, count) = (0.0, 0)
        for sample in samples {
            let rows = try predictor.logits(after: sample.ids)
            for place in sample.first..<sample.ids.count {
                let row = rows[place - 1].map(Double.init)
                let largest = row.max() ?? 0
                sum += largest + log(row.reduce(0) { $0 + exp($1 - largest) }) - row[Int(sample.ids[place])]
                count += 1
            }
        }
        return (sum, count)
    }

    @Test(arguments: [1, 3]) func `a run's held-out loss is that of its weights' logits, without dropout`(devices: Int)
        throws
    {
        let folder = try TemporaryFolder()
        var numbers = Numbers(state: 3)
        let samples = (0..<7).map { index in
            (ids: (0..<5 + index % 4).map { _ in Int32(numbers.next(below: 61)) }, first: 1 + index % 3)
        }
        let lines = samples.map { sample in
            let labels = sample.ids.enumerated().map { $0 < sample.first ? -100 : $1 }
            return "{\"input_ids\": \(sample.ids), \"labels\": \(labels)}\n"
        }
        try folder.write(lines.joined(), to: "held-out.jsonl")
        var pipeline = try Plans.manifest(
            model: """
                {layers: [{embedding: {vocab: 61, width: 16, positions: 8}}, {transformer: {width: 16, heads: 2, dropout: 0.5}},
                {transformer: {width: 16, heads: 2}}, {linear: {in: 16, out: 61, bias: false}}], loss: cross-entropy}
                """, devices: "[\(Array(repeating: "cpu:0", count: devices).joined(separator: ", "))]",
            set: ["data.sequence=8", "steps=3"])
        pipeline.evaluation = .init(.samples(folder.file("held-out.jsonl")), every: 1)
        let run = try TrainingRun.start(pipeline, launch: .threads, directory: folder.file("run"))
        try run.wait()
        let last = try #require(try run.directory.evaluations().last)
        let predictor = try Predictor(try ModelSource(path: folder.file("run")), length: 8)
        let (sum, count) = try lossByHand(predictor, samples)
        #expect(last.step == 3 && last.tokens == count && last.samples == 7)
        #expect(abs(last.loss - sum / Double(count)) < 1e-5, "\(last.loss) \(sum / Double(count))")
    }
}
