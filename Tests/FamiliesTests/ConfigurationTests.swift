import Checkpoints
import Families
import Foundation
import Layers
import Models
import Tensors
import Testing

/// `make_configurations.py` says what transformers makes of each text.
@Suite struct ConfigurationTests {
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        struct Block: Decodable {
            let window: Int?
            let scale: Double
            let frequencies: [Float]
            let amplitude: Float
        }

        struct Expected: Decodable {
            let tied: Bool
            let tensorCount: Int
            let tensors: [String: [Int]]
            let blockCount: Int
            /// By the first block that has it.
            let blocks: [String: Block]
            let padding: Int?
            let context: Int
            let end: [Int]

            enum CodingKeys: String, CodingKey {
                case tied, tensors, blocks, padding, context, end
                case tensorCount = "tensor_count"
                case blockCount = "block_count"
            }
        }

        let name: String
        let text: String
        let expected: Expected

        var testDescription: String { name }
    }

    private static let cases: [Case] = {
        let data = (try? Data(contentsOf: URL(fileURLWithPath: fixture("configurations.json")))) ?? Data()
        return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
    }()

    @Test func `there are cases of every family that transformers knows`() {
        let families = Set(Self.cases.map { String($0.name.prefix { $0 != ":" }) })
        #expect(families == Set(FamilyModel.families).subtracting(["chatglm"]))
    }

    @Test(arguments: cases) func `tensors have the names and shapes that transformers gives them`(
        _ example: Case
    ) throws {
        let family = try model(example.text)
        let tensors = family.tensors.storedTensors
        let shapes = Dictionary(tensors.map { ($0.name, $0.shape) }) { first, _ in first }
        #expect(tensors.count == example.expected.tensorCount)
        for (name, shape) in example.expected.tensors { #expect(shapes[name] == shape, "\(name)") }
        #expect(family.tensors.problems == [])
        #expect(family.exported == family.tensors)
        #expect(family.sequential.ties.isEmpty != example.expected.tied)
    }

    @Test(arguments: cases) func `every block turns, sees and scales as transformers has it`(_ example: Case) throws {
        let family = try model(example.text)
        let graph = try ModelGraph(family.sequential, input: TensorSpec([1, 1], .i32))
        let attentions = graph.nodes.compactMap { $0.layer as? Attention }
        #expect(attentions.count == example.expected.blockCount)
        var expected = try #require(example.expected.blocks["0"])
        for (index, attention) in attentions.enumerated() {
            expected = example.expected.blocks["\(index)"] ?? expected
            #expect(attention.window == expected.window, "block \(index)")
            let scale = attention.scale ?? 1 / Double(attention.headWidth).squareRoot()
            #expect(abs(scale / expected.scale - 1) < 1e-12, "block \(index)")
            let frequencies = attention.rotary?.frequencies(headWidth: attention.headWidth) ?? []
            try #require(frequencies.count == expected.frequencies.count, "block \(index)")
            for (found, wanted) in zip(frequencies, expected.frequencies) {
                #expect(abs(found / wanted - 1) < 5e-7, "block \(index)")
            }
            let amplitude = attention.rotary?.amplitude ?? 1
            #expect(abs(amplitude / expected.amplitude - 1) < 1e-6, "block \(index)")
        }
    }

    @Test(arguments: cases) func `context, end tokens and the row that does not learn are transformers'`(
        _ example: Case
    ) throws {
        let family = try model(example.text)
        let graph = try ModelGraph(family.sequential, input: TensorSpec([1, 1], .i32))
        let embedding = try #require(graph.nodes.compactMap { $0.layer as? Embedding }.first)
        #expect(embedding.padding == example.expected.padding)
        #expect(family.contextLength == example.expected.context)
        #expect(family.endTokens == example.expected.end.filter { $0 < family.vocabulary })
    }
}
