import TestSupport
import Testing

extension EndToEndTests {
    /// One parameter that several layers use, on one stage or on several.
    @Suite struct TiedParameterTests {
        /// The head is the embedding's table, and so is a third matrix between them; two biases are one besides.
        private static let model = """
            layers:
              - embedding: {vocab: 61, width: 61, positions: 8}
              - linear: {in: 61, out: 61}
              - gelu: tanh
              - linear: {in: 61, out: 61}
              - layer-norm: {width: 61}
              - linear: {in: 61, out: 61, bias: false}
            loss: cross-entropy
            ties: [[0.token.weight, 1.weight, 5.weight], [3.bias, 1.bias]]

            """

        /// Stages, cuts, schedule.
        private static let arrangements = [
            (1, "uniform", "gpipe"), (2, "{cuts: [1]}", "1f1b"), (2, "{cuts: [4]}", "zb-h1"),
            (3, "{cuts: [1, 3]}", "1f1b"),
            (3, "{cuts: [2, 5]}", "gpipe"), (2, "{cuts: [1, 3, 5]}", "zb-v"),
        ]

        @Test(arguments: ["f32", "bf16"])
        func `losses norms and weights are bitwise equal wherever the members live`(precision: String) throws {
            let lab = try Lab(model: Self.model)
            var runs: [FinishedRun] = []
            for (index, (stages, partition, schedule)) in Self.arrangements.enumerated() {
                let overrides = [
                    "devices=\(Lab.devices(stages))", "partition=\(partition)", "schedule=\(schedule)",
                    "precision=\(precision)",
                ]
                let run = try lab.train(overrides, run: "\(index)")
                runs.append(run)
                #expect(run.losses == runs[0].losses && Set(run.losses).count == 4, "\(overrides)")
                #expect(run.gradientNorms == runs[0].gradientNorms, "\(overrides)")
                #expect(run.weights != nil && run.weights == runs[0].weights, "\(overrides)")
            }
        }

        /// A table of 1,061,400 elements travels in two pieces.
        @Test func `a gradient larger than one message is added like any other`() throws {
            let lab = try Lab(
                model: """
                    layers:
                      - embedding: {vocab: 17400, width: 61, positions: 8}
                      - linear: {in: 61, out: 61}
                      - linear: {in: 61, out: 17400, bias: false}
                    loss: cross-entropy
                    ties: [[0.token.weight, 2.weight]]

                    """)
            let steps = "steps=2"
            let whole = try lab.train([steps, "devices=\(Lab.devices(1))", "partition=uniform"], run: "whole")
            let cut = try lab.train([steps, "devices=\(Lab.devices(2))", "partition={cuts: [1]}"], run: "cut")
            #expect(whole.losses == cut.losses && whole.gradientNorms == cut.gradientNorms)
            #expect(whole.weights != nil && whole.weights == cut.weights)
        }

        /// A run's file holds the parameter once, and a run can begin with it wherever its members live then.
        @Test func `weights of a tied model start the next run at other cuts`() throws {
            let lab = try Lab(model: Self.model)
            let first = try lab.train(["devices=\(Lab.devices(1))", "partition=uniform"], run: "first")
            let weights = "weights=\(lab.folder.file("first/model.safetensors"))"
            let whole = try lab.train([weights, "devices=\(Lab.devices(1))", "partition=uniform"], run: "whole")
            let cut = try lab.train([weights, "devices=\(Lab.devices(3))", "partition={cuts: [1, 4]}"], run: "cut")
            #expect(whole.losses == cut.losses && whole.losses != first.losses)
            #expect(whole.weights == cut.weights)
        }
    }
}
