import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

extension EndToEndTests {
    /// Adapters beside a pretrained model, through the commands: trained, exported, gone on from.
    @Suite struct AdapterTests {
        private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("FamiliesTests/Fixtures/Models/qwen2").path

        private static let pipeline = """
            model: {pretrained: "\(model)"}
            devices: \(Lab.devices(1))
            batch: {micro: 1, microbatches: 2}
            optimizer: {adamw: {lr: 1e-2}}
            lora: {rank: 3, dropout: 0.1, targets: q_proj|v_proj|mlp}
            groups: [{match: lora_B, lr_factor: 2}]
            clip: 1.0
            data: {samples: samples.jsonl, order: sequential}
            steps: 3

            """

        private func lab() throws -> Lab {
            let lab = try Lab(pipeline: Self.pipeline)
            let ids = [5, 9, 30, 2, 17, 8, 8, 21]
            try lab.folder.write(
                "{\"input_ids\": \(ids)}\n{\"input_ids\": \(ids.reversed() as [Int])}\n", to: "samples.jsonl")
            return lab
        }

        /// The tensors of a run's weights, those of adapters or the others.
        private func tensors(_ lab: Lab, _ run: String, ofAdapters: Bool) throws -> [String: [Float]] {
            let weights = try Weights(path: lab.folder.file(run) + "/model.safetensors")
            var found: [String: [Float]] = [:]
            for tensor in weights.tensors where tensor.name.contains("lora_") == ofAdapters {
                var values = [Float](repeating: 0, count: tensor.shape.extents.reduce(1, *))
                try values.withUnsafeMutableBufferPointer { try weights.copyFloats(tensor.name, into: $0) }
                found[tensor.name] = values
            }
            return found
        }

        private func logits(_ lab: Lab, _ model: String) throws -> [Double] {
            struct Line: Decodable { var logits: [[Double]] }
            try lab.folder.write("[5, 9, 30, 2]\n", to: "ids.jsonl")
            let outcome = try lab.run(["logits", lab.folder.file(model), "--ids", lab.folder.file("ids.jsonl")])
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return try JSONDecoder().decode(Line.self, from: Data(outcome.output.utf8)).logits.flatMap(\.self)
        }

        @Test func `adapters learn the same over any number of stages, and the model beside them stays`() throws {
            let lab = try lab()
            let whole = try lab.train(run: "whole")
            let cut = try lab.train(["devices=\(Lab.devices(2))", "schedule=zb-h1"], run: "cut")
            #expect(Set(whole.losses).count == 3 && cut.losses == whole.losses && cut.weights == whole.weights)
            _ = try lab.train(["steps=1"], run: "short")
            let frozen = try tensors(lab, "whole", ofAdapters: false)
            #expect(try tensors(lab, "short", ofAdapters: false) == frozen && !frozen.isEmpty)
            #expect(try tensors(lab, "short", ofAdapters: true) != tensors(lab, "whole", ofAdapters: true))
        }

        @Test func `an exported adapter is what a run goes on from, and merged the model computes the same`() throws {
            let lab = try lab()
            _ = try lab.train(run: "run")
            let adapter = try lab.run(["export", lab.folder.file("run"), "--to", lab.folder.file("adapter")])
            #expect(adapter.exitCode == 0 && adapter.output.contains("adapter_model.safetensors"))
            _ = try lab.train(
                ["lora={from: \(lab.folder.file("adapter")), dropout: 0}", "groups=null", "optimizer.adamw.lr=1e-30"],
                run: "again")
            #expect(try tensors(lab, "again", ofAdapters: true) == tensors(lab, "run", ofAdapters: true))

            let merged = try lab.run(["export", lab.folder.file("run"), "--merged", "--to", lab.folder.file("merged")])
            #expect(merged.exitCode == 0, "\(merged.errors)")
            let (learnt, base) = (try logits(lab, "run"), try logits(lab, "merged"))
            #expect(zip(learnt, base).allSatisfy { abs($0 - $1) < 1e-5 })
            let again = try lab.run(["export", lab.folder.file("run"), "--to", lab.folder.file("adapter")])
            #expect(again.exitCode == 64, "an adapter is not written over")
        }
    }
}
