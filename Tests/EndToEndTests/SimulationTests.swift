import Echelon
import TestSupport
import Testing

extension EndToEndTests {
    /// Devices that compute nothing and wait, under real workers with real messages.
    @Suite struct SimulationTests {
        private static let model = """
            layers:
              - embedding: {vocab: 32, width: 8, positions: 4}
              - repeat: 2
                layers:
                  - transformer: {width: 8, heads: 2}
              - linear: {in: 8, out: 32, bias: false}
            loss: cross-entropy

            """

        private static let pipeline = """
            model: model.yaml
            devices: [sim:0, sim:1, sim:2, sim:3]
            sim: {layer_ms: 20}
            partition: uniform
            batch: {micro: 1, microbatches: 8}
            data: {random: 65, sequence: 4}
            steps: 8

            """

        /// A step of forwards of 20 ms and backwards of 40 ms is (8 + 4 − 1) · 60 ms long, 3 of 11 parts of it idle.
        @Test(arguments: ["1f1b", "gpipe"]) func `the bubble is that of the closed form`(schedule: String) throws {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline)
            let run = try lab.train(["schedule=\(schedule)"])
            #expect(run.steps.count == 8 && run.losses.isEmpty && run.gradientNorms.isEmpty && run.weights == nil)
            let text = try lab.run(["report", lab.folder.file("run"), "--json"])
            #expect(text.exitCode == 0)
            let report = try BubbleReport(json: text.output)
            #expect(abs(report.bubble.ideal.fraction - 3.0 / 11) < 1e-12 && report.bubble.idealIsClosedForm)
            // A busy machine adds waiting; it can take away next to nothing. One stage after the other would be 3/4.
            #expect((0.26...0.5).contains(report.bubble.measured.fraction))
            #expect(abs(report.bubble.predicted.fraction - 3.0 / 11) < 0.05)
            #expect(report.steps == 6 && report.ranks.count == 4 && report.flopsPerS > 0)
        }
    }
}
