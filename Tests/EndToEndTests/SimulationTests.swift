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
            sim: {layer_ms: 1}
            partition: uniform
            batch: {micro: 1, microbatches: 8}
            data: {random: 65, sequence: 4}
            steps: 4

            """

        @Test(arguments: ["1f1b", "gpipe"]) func theyLeaveMetricsAndAReportButNoLossAndNoWeights(schedule: String)
            throws
        {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline)
            let run = try lab.train(["schedule=\(schedule)"])
            #expect(run.steps.count == 4 && run.losses.isEmpty && run.gradientNorms.isEmpty && run.weights == nil)
            let text = try lab.run(["report", lab.folder.file("run"), "--json"])
            #expect(text.exitCode == 0)
            let report = try BubbleReport(json: text.output)
            #expect(abs(report.bubble.ideal.fraction - 3.0 / 11) < 1e-12 && report.bubble.idealIsClosedForm)
            #expect(report.steps == 2 && report.ranks.count == 4 && report.flopsPerS > 0)
        }
    }
}
