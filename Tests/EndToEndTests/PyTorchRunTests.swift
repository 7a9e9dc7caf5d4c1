import Foundation
import Testing

extension EndToEndTests {
    /// The second law, for a whole run: what PyTorch computes, we compute.
    @Suite struct PyTorchRunTests {
        /// What `Fixtures/make_run.py` wrote.
        private struct Reference: Decodable {
            var losses: [Double]
            var gradNorms: [Double]

            init() throws {
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let text = try Data(contentsOf: URL(fileURLWithPath: Self.path("run.json")))
                self = try decoder.decode(Self.self, from: text)
            }

            static func path(_ name: String) -> String {
                URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
                    .path
            }
        }

        private static let model = """
            layers:
              - embedding: {vocab: 96, width: 32, positions: 16}
              - repeat: 3
                layers:
                  - transformer: {width: 32, heads: 4}
              - layer-norm: {width: 32}
              - linear: {in: 32, out: 96, bias: false}
            loss: cross-entropy

            """

        private static let pipeline = """
            model: model.yaml
            devices: \(Lab.devices(2))
            partition: flops
            batch: {micro: 2, microbatches: 4}
            optimizer: {adamw: {lr: 3e-3}}
            clip: 0.7
            data: {tokens: "\(Reference.path("tokens.u16"))", type: u16, sequence: 16, order: sequential}
            weights: "\(Reference.path("init.safetensors"))"
            steps: 10

            """

        @Test func `ten steps from PyTorch's weights have its losses`() throws {
            let expected = try Reference()
            let run = try Lab(model: Self.model, pipeline: Self.pipeline).train()
            #expect(expected.losses.count == 10 && run.losses.count == 10 && run.gradientNorms.count == 10)
            for (got, expected) in zip(run.losses, expected.losses) {
                #expect(abs(got - expected) <= 2e-5 * expected)
            }
            for (got, expected) in zip(run.gradientNorms, expected.gradNorms) {
                #expect(abs(got - expected) <= 1e-4 * expected)
            }
        }
    }
}
