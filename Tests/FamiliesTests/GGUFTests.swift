import Checkpoints
import Families
import Foundation
import Layers
import Models
import Notation
import Tensors
import TestSupport
import Testing

/// `make_gguf.py` wrote the same weights as the folders of `Models` hold.
@Suite struct GGUFTests {
    private func gguf(_ name: String) throws -> GGUFFile { try GGUFFile(path: fixture("GGUF/\(name).gguf")) }

    private func values(_ family: FamilyModel, _ weights: PretrainedWeights) throws -> [[Float]] {
        let mapped = try weights.mapped(by: family.tensors)
        var values: [[Float]] = []
        for parameter in family.tensors.parameters {
            var elements = [Float](repeating: .nan, count: parameter.shape.reduce(1, *))
            try elements.withUnsafeMutableBufferPointer { try mapped.copy(parameter, into: $0) }
            values.append(elements)
        }
        return values
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"]) func `its parameters are those of the folder, bit for bit`(
        _ name: String
    ) throws {
        let (folder, file) = (fixture("Models/\(name)"), try gguf(name))
        let (published, converted) = (try FamilyModel(directory: folder), try FamilyModel(gguf: file))
        #expect(converted.tensors.problems == [])
        #expect(converted.tensors.parameters.map(\.name) == published.tensors.parameters.map(\.name))
        let own = try values(converted, PretrainedWeights(file))
        #expect(try own == values(published, PretrainedWeights(path: folder)))
        #expect(converted.exported == published.tensors)
        #expect(converted.sequential.ties == published.sequential.ties)
        #expect((converted.endTokens, converted.beginToken, converted.paddingToken) == ([2, 5], 1, 0))
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"]) func `a folder with its configuration is the same model`(
        _ name: String
    ) throws {
        let file = try FamilyModel(gguf: gguf(name))
        let folder = try model(String(decoding: file.configuration, as: UTF8.self))
        #expect(folder.sequential.resolvedYAML() == file.sequential.resolvedYAML())
        #expect(folder.tensors == file.exported)
        #expect((folder.endTokens, folder.contextLength) == (file.endTokens, file.contextLength))
    }

    @Test(arguments: [
        ("llama", Rotary(base: 5e5, scaling: .llama3(factor: 8, low: 1, high: 4, original: 8192))),
        ("qwen2", Rotary(base: 1e4, scaling: .yarn(factor: 4, original: 16))),
        ("qwen3", Rotary(base: 1e6, scaling: .linear(factor: 2))),
    ]) func `its rotation is read from keys, a Llama 3's from the factors of its frequencies`(
        name: String, rotary: Rotary
    ) throws {
        let graph = try ModelGraph(FamilyModel(gguf: gguf(name)).sequential, input: TensorSpec([1, 1], .i32))
        let attention = try #require(graph.nodes.compactMap { $0.layer as? Attention }.first)
        #expect(attention.rotary == rotary)
    }

    @Test(
        arguments: [
            (
                "general.architecture", "llama", "gemma",
                "general.architecture is \"gemma\"; expected llama, qwen2 or qwen3"
            ),
            ("llama.embedding_length", "llama", "?????", "it lacks llama.embedding_length; expected a number"),
            (
                "llama.rope.dimension_count", "\u{6}", "\u{4}",
                "llama.rope.dimension_count is 4; expected 6, all numbers of a head"
            ),
        ] as [(String, String, String, String)]) func `what is not computed is refused by name`(
            key: String, old: String, new: String, message: String
        ) throws
    {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("GGUF/llama.gguf")))
        let at = try #require(bytes.range(of: Data(key.utf8)))
        let start = key.hasSuffix("embedding_length") ? at.lowerBound : at.upperBound
        let place = try #require(bytes.range(of: Data(old.utf8), in: start..<start + 40))
        bytes.replaceSubrange(place, with: Data(new.prefix(old.utf8.count).utf8))
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes, to: "model.gguf")
        let file = try GGUFFile(path: path)
        let error = #expect(throws: ManifestError.self) { try FamilyModel(gguf: file) }
        #expect(error?.description == "\(path): \(message)")
    }

    @Test func `factors of frequencies that are not Llama 3's are refused`() throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("GGUF/llama.gguf")))
        let factors = [Float(1), 1, 8].withUnsafeBytes { Data($0) }
        let others = [Float(1), 2, 8].withUnsafeBytes { Data($0) }
        bytes.replaceSubrange(try #require(bytes.range(of: factors)), with: others)
        let folder = try TemporaryFolder()
        let file = try GGUFFile(path: folder.write(bytes, to: "model.gguf"))
        let error = #expect(throws: ManifestError.self) { try FamilyModel(gguf: file) }
        #expect(error?.found == "rope_freqs.weight holds factors that are not those of Llama 3")
    }
}
