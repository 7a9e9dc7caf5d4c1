import Models
import Tensors
import Testing

@Suite struct StageProgramTests {
    private func program(_ model: Sequential, cuts: [Int], stage: Int, _ recomputation: Recomputation) -> StageProgram {
        StageProgram(
            model, PipelineLayout(model, cuts: cuts), stage: stage, splitsBackward: false, recomputation: recomputation,
            on: CPUBackend(device: "cpu:0", threads: 1))
    }

    /// `again 0, back 1, add, …`
    private func text(_ program: StageProgram) -> [String] {
        program.backward.map { step in
            switch step {
            case .recompute(let node): "again \(node)"
            case .node(let node): "back \(node)"
            case .add: "add"
            case .zero: "zero"
            }
        }
    }

    @Test func `the backward goes from the last node to the first, and sums where a value has several consumers`()
        throws
    {
        let model = try rows("{linear: {in: 4, out: 4}}, {residual: [tanh]}, {split: 2}, {select: 1}")
        #expect(
            text(program(model, cuts: [], stage: 0, .none)) == ["zero", "back 3", "back 2", "back 1", "add", "back 0"])
    }

    @Test func `what leaves the stage is kept, and not computed again for the next one's sake`() throws {
        let model = try rows("{linear: {in: 4, out: 4}}, {linear: {in: 4, out: 4}}, {linear: {in: 4, out: 4}}")
        #expect(text(program(model, cuts: [2], stage: 0, .stage)) == ["again 0", "back 1", "back 0"])
        #expect(text(program(model, cuts: [2], stage: 0, .every(1))) == ["back 1", "back 0"])
    }

    @Test func `what nobody trains has no backward`() throws {
        let model = try rows("relu, tanh, {linear: {in: 4, out: 2}}")
        #expect(text(program(model, cuts: [], stage: 0, .none)) == ["back 2"])
        #expect(text(program(model, cuts: [2], stage: 0, .none)).isEmpty)
    }

    @Test func `recomputation keeps less in the frame`() throws {
        let block = "{residual: [{linear: {in: 4, out: 64}}, {gelu: tanh}, {linear: {in: 64, out: 4}}]}"
        let model = try rows([block, block, block, block].joined(separator: ", "))
        let bytes = [Recomputation.none, .every(2), .stage].map { program(model, cuts: [], stage: 0, $0).frameBytes }
        #expect(bytes[0] > bytes[1] && bytes[1] > bytes[2])
    }
}
