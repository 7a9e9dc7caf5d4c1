import CPUDevices
import Checkpoints
import Families
import Foundation
import Models
import Notation
import Tensors
import TestDevices
import Testing

/// Every family's layers over several devices.
@Suite struct ShardedFamilyTests {
    private struct Expected: Decodable {
        let ids: [[Int32]]
    }

    /// What one device computes, or one shard.
    private struct Part: Sendable {
        /// By row of all logits.
        var logits: [[Float]]
        var loss: Double
        var gradients: [(name: String, slice: TensorSlice?, gradient: [Float])]
    }

    private static func part(
        _ name: String, adapted: Bool, _ ids: [[Int32]], _ group: (any TensorGroup)?
    ) throws -> Part {
        let path = fixture("Models/\(name)")
        let family = try FamilyModel(directory: path)
        var adapters: (model: AdaptedModel, weights: MappedWeights)?
        if adapted {
            let folder = AdapterFolder(fixture("Adapters/\(name)"))
            let model = try AdaptedModel(
                family.sequential, family.exported, folder.settings(), at: Mark(file: "p.yaml", line: 3, column: 1))
            adapters = (model, try folder.weights(#require(model.tensors)))
        }
        let run = try PretrainedRun(
            family, PretrainedWeights(path: path).mapped(by: family.tensors), ids, adapters: adapters, group: group)
        let logits = run.logits().flatMap { $0 }
        let (loss, _) = run.trained(count: ids.reduce(0) { $0 + $1.count - 1 }, tensors: false)
        return Part(logits: logits, loss: loss, gradients: run.parts)
    }

    @Test(arguments: [
        ("gpt2", 2, false), ("gpt2", 4, false), ("llama", 2, false), ("mistral", 2, false), ("qwen2", 2, false),
        ("qwen3", 2, false), ("gemma3", 2, false), ("glm", 2, false), ("glm4", 2, false), ("chatglm", 3, false),
        ("chatglm2", 3, false), ("chatglm3", 2, false), ("llama", 2, true), ("gpt2", 4, true), ("glm", 2, true),
        ("qwen3", 2, true),
    ])
    func `a family's model on several devices has the logits, the loss and the gradients of one`(
        _ name: String, _ count: Int, _ adapted: Bool
    ) async throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: fixture("Models/\(name)/expected.json")))
        let ids = try JSONDecoder().decode(Expected.self, from: data).ids
        let whole = try Self.part(name, adapted: adapted, ids, nil)
        let parts = try await onShards(count, on: { CPUBackend(device: "cpu:0", threads: 1) }) { group, _ in
            try Self.part(name, adapted: adapted, ids, group)
        }
        let largest = whole.logits.joined().map(abs).max() ?? 0
        for (row, wanted) in whole.logits.enumerated() {
            let found = parts.flatMap { $0.logits[row] }
            #expect(found.count == wanted.count)
            for (found, wanted) in zip(found, wanted) { #expect(abs(found - wanted) < 3e-6 * largest) }
        }
        for part in parts { #expect(abs(part.loss / whole.loss - 1) < 1e-6) }
        for (index, wanted) in whole.gradients.enumerated() {
            var found = parts[0].gradients[index].gradient
            if let slice = parts[0].gradients[index].slice, !found.isEmpty {
                found = [Float](repeating: .nan, count: slice.whole.count)
                found.withUnsafeMutableBytes { whole in
                    for part in parts.map({ $0.gradients[index] }) {
                        part.gradient.withUnsafeBytes { part.slice?.scatter($0, into: whole) }
                    }
                }
            }
            let largest = wanted.gradient.reduce(0) { max($0, $1.magnitude) }
            let difference = zip(found, wanted.gradient).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(found.count == wanted.gradient.count && !found.contains { $0.isNaN })
            #expect(difference <= 1e-5 * largest, "\(wanted.name)")
        }
    }

    @Test(arguments: [
        ("qwen3", 4, "layer 1.1 (attention): expected key_heads: a multiple of `tensor: 4`, got 2"),
        ("gpt2", 3, "layer 1.1 (attention): expected heads: a multiple of `tensor: 3`, got 4"),
    ])
    func `heads that cannot be divided are refused with their number`(
        _ name: String, _ count: Int, _ message: String
    ) throws {
        let family = try FamilyModel(directory: fixture("Models/\(name)"))
        let error = try #require(throws: ModelError.self) {
            _ = try ModelGraph(
                family.sequential, input: TensorSpec([1, 8], .i32), shard: TensorShard(index: 0, count: count))
        }
        #expect(error.description.hasSuffix(": \(message)"))
        #expect(error.description.contains("config.json:"))
    }
}
