import Models
import Testing

/// Which values cross which border, and what comes back.
@Suite struct PipelineLayoutTests {
    /// `0→2 values [1] gradients 1{4,5} 1{3}`
    private func text(_ layout: PipelineLayout) -> [String] {
        layout.crossings.map { crossing in
            let parts = crossing.gradients.map { part in
                "\(part.value){\(part.consumers.map(String.init).joined(separator: ","))}"
            }
            return "\(crossing.from)→\(crossing.to) values \(crossing.values) gradients \(parts.joined(separator: " "))"
        }
    }

    @Test func `a chain hands one value on and one gradient back`() throws {
        let model = try rows("{linear: {in: 4, out: 4}}, relu, {linear: {in: 4, out: 2}}")
        let layout = PipelineLayout(model, cuts: [1, 2])
        #expect(text(layout) == ["0→1 values [1] gradients 1{1}", "1→2 values [2] gradients 2{2}"])
        #expect(layout.stages.map(\.entries) == [0..<1, 1..<2, 2..<3])
        #expect(layout.stages.map(\.imports) == [[], [0], [1]] && layout.stages.map(\.exports) == [[0], [1], []])
        #expect(layout.stages.map(\.isLast) == [false, false, true])
        #expect(PipelineLayout(model, cuts: []).crossings.isEmpty)
    }

    @Test func `a tuple crosses a cut in its order, and what cannot be trained has no gradient`() throws {
        let model = try rows("{linear: {in: 4, out: 4}}, {split: [1, 3]}, concatenate")
        #expect(text(PipelineLayout(model, cuts: [2])) == ["0→1 values [2, 3] gradients 2{2} 3{2}"])
        let fixed = try rows("relu, {split: 2}, concatenate, {linear: {in: 4, out: 2}}")
        #expect(text(PipelineLayout(fixed, cuts: [2])) == ["0→1 values [2, 3] gradients "])
    }

    @Test func `a portal goes straight to the stage that pops it`() throws {
        let model = try rows("{linear: {in: 4, out: 4}}, {stash: a}, relu, tanh, sigmoid, {pop: a}, add")
        let layout = PipelineLayout(model, cuts: [2, 3, 4])
        #expect(
            text(layout) == [
                "0→1 values [1] gradients 1{1}", "0→3 values [1] gradients 1{4}", "1→2 values [2] gradients 2{2}",
                "2→3 values [3] gradients 3{3}",
            ])
    }

    /// The gradient's sum begins with the last consumer's, whatever the cuts are: only the last stage may send a sum.
    @Test func `of a value used in three stages the last one sends its sum, earlier ones each part`() throws {
        let model = try rows(
            """
            {linear: {in: 4, out: 4}}, {stash: a}, {stash: b}, {residual: [relu]}, {residual: [tanh]}, {pop: a}, add,
            {pop: b}, add
            """)
        #expect(model.values[1].consumers == [1, 2, 5, 6])
        let layout = PipelineLayout(model, cuts: [3, 4, 5])
        #expect(text(layout).contains("0→1 values [1] gradients 1{2} 1{1}"))
        #expect(text(layout).contains("0→3 values [1] gradients 1{5,6}"))
    }

    @Test func `the loss is the last consumer of the prediction`() throws {
        let model = try rows("{linear: {in: 4, out: 2}}, flatten")
        #expect(text(PipelineLayout(model, cuts: [1])) == ["0→1 values [1] gradients 1{1}"])
    }

    @Test func `a stage of re-labelling alone has no nodes, and what passes it goes straight on`() throws {
        let model = try rows("{linear: {in: 4, out: 4}}, {reshape: [2, 2]}, flatten, relu")
        let layout = PipelineLayout(model, cuts: [1, 3])
        #expect(layout.stages.map(\.nodes) == [0..<1, 1..<1, 1..<2])
        #expect(layout.stages[1].imports.isEmpty && layout.stages[1].exports.isEmpty)
        #expect(text(layout) == ["0→2 values [1] gradients 1{1}"])
    }

    @Test func `an input that is used late travels from the first stage`() throws {
        let model = try rows("{stash: x}, {linear: {in: 4, out: 4}}, {pop: x}, add")
        #expect(text(PipelineLayout(model, cuts: [1])) == ["0→1 values [0] gradients "])
        #expect(text(PipelineLayout(model, cuts: [2])) == ["0→1 values [0, 1] gradients 1{1}"])
    }
}
