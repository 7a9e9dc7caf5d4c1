import Checkpoints
import Foundation
import Systems
import Tensors
import TestSupport
import Testing

@Suite struct PretrainedWeightsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Files whose tensors are vectors of these elements.
    private func write(_ vectors: [(String, [Float])]) throws {
        try FamilyFiles(tensors: vectors.map { ($0, TensorSpec([$1.count]), $1) }).write(to: folder.path)
    }

    private func vector(_ name: String, _ count: Int, aliases: [String] = []) -> StoredParameter {
        StoredParameter(name, [count], tensor: name, aliases: aliases)
    }

    private func refusal(_ map: TensorMap) throws -> String {
        try #require(throws: CheckpointError.self) { try PretrainedWeights(path: folder.path).check(map) }.description
    }

    @Test func `every tensor that does not fit is in one error by the family's names`() throws {
        try write([
            ("model.norm", [1, 2]), ("h.0.weight", [1]), ("surprise", [1, 2, 3]), ("wte", [1]),
            ("transformer.wte", [1]),
        ])
        let map = TensorMap(
            [vector("norm", 3), vector("transformer.h.0.weight", 1), vector("lm_head", 2), vector("wte", 1)],
            prefixes: ["transformer.", "model."])
        #expect(
            try refusal(map) == """
                \(folder.path): 4 of its tensors do not fit the model:
                  model.norm: expected f32[3], got f32[2]
                  lm_head: expected f32[2], got nothing
                  wte: expected it once, got wte and transformer.wte
                  surprise: expected nothing, got f32[3]
                """)
    }

    @Test func `integers are no weights`() throws {
        let layout = try SafetensorsLayout([("t", TensorSpec([1], .i32))])
        let draft = try SafetensorsDraft(path: folder.file("model.safetensors"), layout: layout)
        let writer = try SafetensorsWriter(partialPath: draft.partialPath, layout: layout)
        try [Int32(7)].withUnsafeBytes { try writer.write("t", $0) }
        try draft.commit(bytesWritten: writer.finish())
        #expect(try refusal(TensorMap([vector("t", 1)])).hasSuffix("\n  t: expected f32[1], got i32[1]"))
    }

    @Test(arguments: [
        ["transformer.wte", "lm_head"], ["wte", "lm_head"], ["transformer.wte", "transformer.lm_head"],
    ])
    func `each name may have a prefix or lack it`(_ names: [String]) throws {
        try write([(names[0], [1, 2]), (names[1], [3])])
        for prefix in ["", "transformer."] {
            let map = TensorMap([vector(prefix + "wte", 2), vector("lm_head", 1)], prefixes: ["transformer."])
            let weights = try PretrainedWeights(path: folder.path).mapped(by: map)
            #expect(try weights.floats(map.parameters[0]) == [1, 2])
            #expect(try weights.floats(map.parameters[1]) == [3])
        }
    }

    @Test(
        arguments: [
            (["wte"], 0), (["head"], 0), (["head", "wte"], 1), (["wte", "copy"], 0), (["copy"], 0),
        ] as [([String], Float)])
    func `a tied tensor is read under the first of its names that exists`(_ names: [String], _ value: Float) throws {
        try write(names.enumerated().map { ($1, [Float($0)]) })
        let map = TensorMap([vector("wte", 1, aliases: ["head"])], copies: ["copy": "wte"])
        let weights = try PretrainedWeights(path: folder.path).mapped(by: map)
        #expect(try weights.floats(map.parameters[0]) == [value])
        #expect(weights.encoding(of: "wte") == .plain(.f32) && weights["wte"] == map.parameters[0])
    }

    @Test func `a second name of a tied tensor must have its shape`() throws {
        try write([("wte", [1]), ("head", [1, 2])])
        #expect(
            try refusal(TensorMap([vector("wte", 1, aliases: ["head"])])).contains(
                "\n  head: expected f32[1], got f32[2]"))
    }

    @Test func `buffers that mean nothing are passed over, whatever they hold`() throws {
        try write([("h.0.attn.bias", [.nan]), ("rotary.inv_freq", [1, 2]), ("w", [1])])
        let map = TensorMap([vector("w", 1)], ignored: [".attn.bias", ".inv_freq"])
        try PretrainedWeights(path: folder.path).mapped(by: map).checkFinite()
        #expect(try refusal(TensorMap([vector("w", 1)], ignored: [".inv_freq"])).contains("h.0.attn.bias"))
    }

    @Test func `values that are not finite are refused by the file's names`() throws {
        try write([("m.a", [1, .nan, 3]), ("b", [.infinity, -.infinity]), ("c", [1])])
        let parameter = StoredParameter(
            "0.w", [6],
            parts: [
                .init("a", rows: 0..<3), .init("b", rows: 0..<2), .init("c", rows: 0..<1),
            ])
        let weights = try PretrainedWeights(path: folder.path).mapped(by: TensorMap([parameter], prefixes: ["m."]))
        let copying = try #require(throws: CheckpointError.self) { try weights.floats(parameter) }
        #expect(copying.description.hasSuffix("\n  m.a: 1 of 3 elements\n  b: 2 of 2 elements"))
        #expect(#expect(throws: CheckpointError.self) { try weights.checkFinite() } == copying)
        var one: [Float] = [0]
        try one.withUnsafeMutableBufferPointer { try weights.copy(parameter, rows: 5..<6, into: $0) }
        #expect(one == [1])
    }

    @Test func `a parameter that is none of the map's is an error, not a crash`() throws {
        try write([("a", [1, 2, 3])])
        let weights = try PretrainedWeights(path: folder.path).mapped(by: TensorMap([vector("a", 3)]))
        for parameter in [
            vector("b", 3), vector("a", 4), StoredParameter("a", [1, 3], tensor: "a"),
            StoredParameter("a", [3], tensor: "a", isTransposed: true), StoredParameter("a", [3], parts: []),
            StoredParameter("a", [2], parts: [.init("a", rows: -1..<1)]),
        ] {
            let error = try #require(throws: CheckpointError.self) { try weights.floats(parameter) }
            #expect(error.description.hasPrefix("\(folder.path): parameter \"\(parameter.name)\": expected shape"))
        }
    }

    @Test func `of shards alone what the index names is read, each tensor from the file it names`() throws {
        try FamilyFiles(tensors: [("a", TensorSpec([1]), [1]), ("b", TensorSpec([1]), [2])]).write(to: folder.file("x"))
        try FamilyFiles(tensors: [("a", TensorSpec([1]), [3]), ("stale", TensorSpec([1]), [4])]).write(
            to: folder.file("y"))
        for name in ["x", "y"] {
            try folder.write(folder.bytes("\(name)/model.safetensors"), to: "\(name).safetensors")
        }
        try folder.write(
            #"{"weight_map": {"a": "y.safetensors", "b": "x.safetensors"}}"#, to: "model.safetensors.index.json")
        let map = TensorMap([vector("a", 1), vector("b", 1)])
        let weights = try PretrainedWeights(path: folder.path).mapped(by: map)
        #expect(try map.parameters.map { try weights.floats($0) } == [[3], [2]])
        #expect(weights.weights.files == ["x", "y"].map { folder.file("\($0).safetensors") })
        try folder.write(
            #"{"weight_map": {"a": "y.safetensors", "b": "y.safetensors"}}"#, to: "model.safetensors.index.json")
        #expect(try refusal(map).hasPrefix(folder.file("y.safetensors") + ": its tensors: expected \"b\""))
    }

    @Test func `a folder's one GGUF file is its weights, of several one must be named`() throws {
        let bytes = try contents(of: fixture("tiny.gguf"))
        try folder.write(bytes, to: "tiny.gguf")
        #expect(try PretrainedWeights(path: folder.path).gguf?.path == folder.file("tiny.gguf"))
        try folder.write(bytes, to: "nameless")
        #expect(try PretrainedWeights(path: folder.file("nameless")).tensors.count == 7)
        try folder.write(bytes, to: "other.gguf")
        let error = try #require(throws: CheckpointError.self) { try PretrainedWeights(path: folder.path) }
        #expect(error.description.hasSuffix("it holds 2 GGUF files: name one of them: \"other.gguf\", \"tiny.gguf\""))
    }

    @Test(arguments: ["pytorch_model.bin", "pytorch_model.bin.index.json"])
    func `PyTorch's pickles say how to convert them`(_ name: String) throws {
        let path = try folder.write([0x80, 0x02], to: name)
        let error = try #require(throws: CheckpointError.self) { try PretrainedWeights(path: folder.path) }
        let lines = error.description.split(separator: "\n")
        #expect(lines[0] == "\(path) is a file of PyTorch's torch.save, expected safetensors; convert it:")
        #expect(lines[1].hasPrefix("  python3 -c 'import "))
        #expect(lines.last?.hasSuffix(name.hasSuffix(".bin") ? "/model.safetensors" : "\(folder.path)/") == true)
    }
}
