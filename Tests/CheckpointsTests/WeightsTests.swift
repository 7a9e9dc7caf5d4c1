import Checkpoints
import Tensors
import TestSupport
import Testing

@Suite struct WeightsTests {
    @Test func `converts every floating point type to floats`() throws {
        let weights = try Weights(path: fixture("types.safetensors"))
        let values: [Float] = [-0.5, -0.25, 0, 0.25, 0.5, 0.75]
        #expect(try floats(weights, "f32", 6) == values)
        #expect(try floats(weights, "bf16", 6) == values)
        for (name, expected) in [("f16", values + [65504, 0x1p-24, .infinity]), ("f64", [0.1, -2.5, .infinity])] {
            var converted = [Float](repeating: .nan, count: expected.count)
            let error = #expect(throws: CheckpointError.self) {
                try converted.withUnsafeMutableBufferPointer { try weights.copyFloats(name, into: $0) }
            }
            #expect(converted == expected)
            #expect(error?.description.contains("\(name): 1 of \(expected.count) elements") == true)
        }
        #expect(try floats(weights, "scalar", 1) == [3.5])
        #expect(try floats(weights, "empty", 0) == [])
    }

    @Test func `refuses to copy what does not fit`() throws {
        let weights = try Weights(path: fixture("types.safetensors"))
        for (name, count, message) in [
            ("f32", 5, "f32: expected f32[5], got f32[2 × 3]"), ("i32", 2, "i32: expected f32[2], got i32[2 × 1]"),
            ("none", 1, "none: expected f32[1], got nothing"),
        ] {
            let error = try #require(throws: CheckpointError.self) { try floats(weights, name, count) }
            #expect(error.description.contains(message))
        }
    }

    @Test func `lists every tensor that does not fit the model`() throws {
        let weights = try Weights(path: fixture("layout.safetensors"))
        let error = try #require(throws: CheckpointError.self) {
            try weights.check([
                ("0.token.weight", TensorSpec([3, 4])), ("10.bias", TensorSpec([5])), ("11.bias", TensorSpec([7])),
                ("2.half", TensorSpec([3])), ("2.brain", TensorSpec([3, 1])), ("nothing", TensorSpec([0, 2])),
                ("scalar", TensorSpec([])), ("ids", TensorSpec([3], .f32)), ("positions", TensorSpec([2], .i64)),
            ])
        }
        #expect(
            error
                == .mismatch(
                    path: fixture("layout.safetensors"),
                    [
                        .different(
                            name: "0.token.weight", expected: TensorSpec([3, 4]), type: .plain(.f32), shape: [4, 3]),
                        .missing(name: "11.bias", expected: TensorSpec([7])),
                        .different(name: "ids", expected: TensorSpec([3]), type: .plain(.i32), shape: [3]),
                        .extra(name: "strange \"\\\n\u{1} ü", type: .plain(.i64), shape: [1]),
                    ]))
        #expect(
            error.description == """
                \(fixture("layout.safetensors")): 4 of its tensors do not fit the model:
                  0.token.weight: expected f32[3 × 4], got f32[4 × 3]
                  11.bias: expected f32[7], got nothing
                  ids: expected f32[3], got i32[3]
                  strange \\"\\\\\\n\\u{01} ü: expected nothing, got i64[1]
                """)
    }

    @Test func `accepts weights that fit`() throws {
        let weights = try Weights(path: fixture("layout.safetensors"))
        try weights.check(
            weights.tensors.map {
                ($0.name, TensorSpec($0.shape, $0.type.isFloatingPoint ? .f32 : $0.type == .i32 ? .i32 : .i64))
            })
    }

    @Test func `opens folders with a single file or an index`() throws {
        let folder = try TemporaryFolder()
        let error = try #require(throws: CheckpointError.self) { try Weights(path: folder.path) }
        #expect(error.description.contains("neither model.safetensors nor model.safetensors.index.json"))
        try writeShards(in: folder)
        for path in [folder.path, folder.path + "/", folder.file("model.safetensors.index.json")] {
            let weights = try Weights(path: path)
            #expect(weights.tensors.map(\.name) == ["a", "b", "c"])
            #expect(try floats(weights, "c", 2) == [5, 6])
        }
        try folder.write(contents(of: fixture("layout.safetensors")), to: "model.safetensors")
        #expect(try Weights(path: folder.path).tensors.count == 9)
    }

    @Test(arguments: [
        (
            #"{"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors"}}"#,
            #"weight_map, "b": expected "1.safetensors", got "2.safetensors""#
        ),
        (
            #"{"weight_map": {"a": "1.safetensors", "c": "2.safetensors"}}"#,
            #"weight_map, "b": expected "1.safetensors", got nothing"#
        ),
        (
            #"{"weight_map": {"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors", "d": "2.safetensors"}}"#,
            #"2.safetensors: its tensors: expected "d""#
        ),
        (#"{"weight_map": {"a": "../1.safetensors"}}"#, "beside the index"),
        (#"{"weight_map": {"a": ""}}"#, "beside the index"),
        (#"{"weight_map": {"a": "3.safetensors"}}"#, "No such file"),
        (#"{"weight_map": {"a": 1}}"#, "expected \"\"\""),
        (#"{"metadata": {}}"#, "expected weight_map"),
        (
            #"{"metadata": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]], "weight_map": {}}"#,
            "at most 32 levels"
        ),
        (#"{"metadata": nan, "weight_map": {}}"#, #"expected a value, got "nan""#),
        (#""#, "is an empty file"),
    ])
    func refusesAnIndexThatDoesNotDescribeItsFiles(index: String, message: String) throws {
        let folder = try TemporaryFolder()
        try writeShards(in: folder)
        try folder.write(index.utf8, to: "model.safetensors.index.json")
        let error = try #require(throws: CheckpointError.self) { try Weights(path: folder.path) }
        #expect(error.description.contains(message))
    }

    private func writeShards(in folder: TemporaryFolder) throws {
        try write([("a", [1, 2]), ("b", [3])], to: folder.file("1.safetensors"))
        try write([("c", [5, 6])], to: folder.file("2.safetensors"))
        let index = #"""
            {"metadata": {"total_size": 20, "parameters": 5.0e0, "notes": [null, true, {"x": "y"}]},
             "weight_map": {"a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"}}
            """#
        try folder.write(index.utf8, to: "model.safetensors.index.json")
    }
}

func floats(_ weights: Weights, _ name: String, _ count: Int) throws -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    try values.withUnsafeMutableBufferPointer { try weights.copyFloats(name, into: $0) }
    return values
}

/// Writes vectors to a file of their own.
func write(_ vectors: [(String, [Float])], to path: String) throws {
    let layout = try SafetensorsLayout(vectors.map { ($0, TensorSpec([$1.count])) })
    let draft = try SafetensorsDraft(path: path, layout: layout)
    let writer = try SafetensorsWriter(partialPath: draft.partialPath, layout: layout)
    for (name, values) in vectors { try values.withUnsafeBytes { try writer.write(name, $0) } }
    try draft.commit(bytesWritten: writer.finish())
}
