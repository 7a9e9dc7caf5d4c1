import Layers
import Models
import Stages
import Tensors
import Testing

/// What is trained has the gradients that it has where all is trained, however the model is cut; what is frozen has none.
@Suite struct FreezingTests {
    /// Which parameters are trained, by their place: the first, the last, one in two, and all but every third.
    private static let choices: [@Sendable (Int, Int) -> Bool] = [
        { place, _ in place == 0 }, { place, count in place == count - 1 }, { place, _ in place % 2 == 0 },
        { place, _ in place % 3 != 1 },
    ]

    @Test(arguments: TestModels.all, choices.indices)
    func `trained parameters have the gradients of the whole model`(_ name: String, _ choice: Int) throws {
        let whole = try TestModels.build(name)
        let names = whole.parameters.map(\.name)
        let trained = Set(names.indices.filter { Self.choices[choice]($0, names.count) }.map { names[$0] })
        let frozen = try TestModels.build(name, Adaptation(trained: trained))
        let expected = try HandDrivenRun(whole).step()
        for cuts in everyCuts(of: whole) {
            for (splits, recomputation) in [(false, Recomputation.none), (true, .none), (true, .every(2))] {
                let found = try HandDrivenRun(
                    frozen, cuts: cuts, splitsBackward: splits, recomputation: recomputation
                ).step()
                #expect(found.lossSum == expected.lossSum)
                let wrong = trained.filter { found.gradients[$0] != expected.gradients[$0] }
                #expect(wrong.isEmpty, "cuts \(cuts), halves apart: \(splits), \(recomputation)")
            }
        }
    }

    @Test func `nothing is sent back to a stage before the first trained parameter`() throws {
        let name = "transformer with dropout"
        let whole = try TestModels.build(name)
        let last = try #require(whole.parameters.last).name
        let model = try TestModels.build(name, Adaptation(trained: [last]))
        let layout = PipelineLayout(model, cuts: [1, 2, 3])
        #expect(layout.crossings.map { $0.gradients.count } == [0, 0, 0])
        let run = try HandDrivenRun(model, cuts: [1, 2, 3])
        #expect(run.stages.map { $0.program.backward.count } == [0, 0, 0, 1])
        #expect(run.stages.dropLast().allSatisfy { $0.memory.gradients.joined().allSatisfy { $0.count == 0 } })
    }

    @Test(arguments: [false, true])
    func `adapters have the same gradients on any number of stages`(_ splits: Bool) throws {
        let adapters = [
            "1": [
                Adapter("attention.q", product: 0, rows: 0..<8, rank: 2, scale: 2, dropout: 0.1),
                Adapter("attention.v", product: 0, rows: 16..<24, rank: 2, scale: 2),
                Adapter("mlp.down", product: 3, rows: 0..<8, rank: 2, scale: 2),
            ],
            "2": [Adapter("mlp.up", product: 2, rows: 0..<32, rank: 3, scale: 0.5, dropout: 0.2)],
        ]
        let name = "transformer with dropout"
        let model = try TestModels.build(name, Adaptation(adapters: adapters, trained: []))
        let expected = try HandDrivenRun(model).step()
        #expect(expected.gradients.filter { $0.key.contains("lora_A") }.count == 4)
        for cuts in everyCuts(of: model) {
            for recomputation in [Recomputation.none, .stage] {
                let run = try HandDrivenRun(model, cuts: cuts, splitsBackward: splits, recomputation: recomputation)
                #expect(run.step() == expected, "cuts \(cuts)")
            }
        }
        // B is 0 at first: the loss is the model's own, and A has no gradient yet.
        #expect(try HandDrivenRun(TestModels.build(name)).step().lossSum == expected.lossSum)
        #expect(expected.gradients["1.attention.q.lora_A.weight"]?.allSatisfy { Float(bitPattern: $0) == 0 } == true)
        #expect(expected.gradients["1.attention.q.lora_B.weight"]?.contains { Float(bitPattern: $0) != 0 } == true)
    }
}
