import Checkpoints
import Systems
import Tensors
import TestSupport
import Testing

@Suite struct GGUFFileTests {
    private typealias Part = StoredParameter.Part

    @Test func `reads metadata of every type`() throws {
        let file = try GGUFFile(path: fixture("tiny.gguf"))
        #expect(file.version == 3)
        #expect(try file.string("general.architecture") == "llama")
        #expect(try file.string("a.string") == "Grüße\n\"{}\"")
        let integers = [
            "u8": 200, "i8": -100, "u16": 60000, "i16": -30000, "u32": 4_000_000_000, "i32": -2_000_000_000,
            "u64": Int.max, "i64": Int.min,
        ]
        for (name, value) in integers { #expect(try file.integer("a." + name) == value) }
        #expect(try file.number("a.f32") == Double(Float(1e-5)) && file.number("a.f64") == 0.1)
        #expect(try file.number("a.i8") == -100 && file.boolean("a.bool") == true)
        #expect(try file.strings("tokenizer.ggml.tokens") == ["<s>", "", "Ġthe", "ü"])
        #expect(try file.floats("tokenizer.ggml.scores") == [0, -1.5, 2.25])
        #expect(try file.integers("tokenizer.ggml.token_type") == [3, 1, -1])
        #expect(try file.booleans("a.bools") == [true, false])
        #expect(file["a.lists"] == .lists([.integers([1, 2]), .integers([3, 4])]))
        #expect(file.keys.first == "general.architecture" && file.keys.count == 19)
    }

    @Test func `a key that is missing is nil, a value of another type an error`() throws {
        let file = try GGUFFile(path: fixture("tiny.gguf"))
        #expect(try file.string("none") == nil && file.integers("none") == nil)
        let error = try #require(throws: CheckpointError.self) { try file.integer("a.string") }
        #expect(error.description == "\(file.path): metadata \"a.string\": expected an integer, got a string")
        #expect(throws: CheckpointError.self) { try file.strings("a.lists") }
        #expect(throws: CheckpointError.self) { try file.integer("a.f32") }
    }

    @Test func `every type gives the numbers of the format's own implementation, bit by bit`() throws {
        let weights = try PretrainedWeights(path: fixture("tiny.gguf"))
        let expected = try Weights(path: fixture("tiny-gguf.safetensors"))
        #expect(
            weights.tensors.map { "\($0.name) \($0.encoding)\($0.shape)" } == [
                "norm f32[5]", "half f16[3 × 4]", "brain bf16[2 × 3]", "three f32[2 × 2 × 3]", "q8 Q8_0[6 × 64]",
                "q4 Q4_0[6 × 96]", "q4m Q4_1[8 × 64]",
            ])
        let map = TensorMap(
            weights.tensors.map { StoredParameter($0.name, $0.shape.extents, tensor: $0.name) })
        let mapped = try weights.mapped(by: map)
        for parameter in map.parameters {
            let values = try floats(expected, parameter.name, parameter.shape.reduce(1, *))
            #expect(try mapped.floats(parameter).map(\.bitPattern) == values.map(\.bitPattern))
        }
    }

    /// As llama.cpp stores q and k: the two halves of each head's rows are interleaved.
    @Test func `rows of quantised tensors are read in any order, columns across blocks`() throws {
        let rows = StoredParameter(
            "r", [8, 64],
            parts: [
                Part("q4m", rows: 0..<4, stride: 2), Part("q4m", rows: 1..<4, stride: 2), Part("q4m", rows: 4..<8),
            ])
        let columns = StoredParameter(
            "c", [96, 6],
            parts: [
                Part("q4", rows: 40..<96, isTransposed: true), Part("q4", rows: 0..<40, stride: 2, isTransposed: true),
                Part("q4", rows: 1..<40, stride: 2, isTransposed: true),
            ])
        let map = TensorMap([rows, columns], ignored: ["norm", "half", "brain", "three", "q8"])
        #expect(map.problems == [])
        let weights = try PretrainedWeights(path: fixture("tiny.gguf")).mapped(by: map)
        let expected = try Weights(path: fixture("tiny-gguf.safetensors"))
        let files = FamilyFiles(
            tensors: [
                ("q4m", TensorSpec([8, 64]), try floats(expected, "q4m", 8 * 64)),
                ("q4", TensorSpec([6, 96]), try floats(expected, "q4", 6 * 96)),
            ])
        for parameter in map.parameters { #expect(try weights.floats(parameter) == files.values(of: parameter)) }
    }

    /// Whatever bytes a file holds, reading it ends in its tensors or in one error.
    @Test func `any damage ends in an error or in readable tensors`() throws {
        let folder = try TemporaryFolder()
        let whole = try contents(of: fixture("tiny.gguf"))
        var random = SplitMix64(seed: 9)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                // Most damage is of interest in the head.
                let at = Int.random(in: 0..<min(bytes.count, 1100), using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[at] = .random(in: 0...255, using: &random)
                case 1: bytes.removeLast(bytes.count - at - 1)
                case 2: bytes.remove(at: at)
                case 3: for index in at..<min(at + 8, bytes.count) { bytes[index] = 0xFF }
                default: bytes.insert(contentsOf: bytes[at...].prefix(16), at: at)
                }
            }
            // Overwritten in place, each file would wait for the disk.
            File.remove(folder.file("x.gguf"))
            let path = try folder.write(bytes, to: "x.gguf")
            do {
                let weights = try PretrainedWeights(path: path)
                let parameters = weights.tensors.map { StoredParameter($0.name, $0.shape.extents, tensor: $0.name) }
                for parameter in parameters {
                    let map = TensorMap([parameter], ignored: [""])
                    _ = try? weights.mapped(by: map).floats(parameter)
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 700)
    }
}
