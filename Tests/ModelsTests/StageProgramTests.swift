import CPUDevices
import Models
import Tensors
import Testing

@Suite struct StageProgramTests {
    private func program(
        _ model: ModelGraph, cuts: [Int], stage: Int, _ recomputation: Recomputation, splitsBackward: Bool = false
    ) -> StageProgram {
        StageProgram(
            model, PipelineLayout(model, cuts: cuts), stage: stage, splitsBackward: splitsBackward,
            recomputation: recomputation, on: CPUBackend(device: "cpu:0", threads: 1))
    }

    /// `recompute 0, back 1, add, …`
    private func text(_ program: StageProgram) -> [String] {
        program.backward.map { step in
            switch step {
            case .recompute(let node): "recompute \(node)"
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

    @Test func `what leaves the stage is kept, and not recomputed when the next stage needs it`() throws {
        let model = try rows("{linear: {in: 4, out: 4}}, {linear: {in: 4, out: 4}}, {linear: {in: 4, out: 4}}")
        #expect(text(program(model, cuts: [2], stage: 0, .stage)) == ["recompute 0", "back 1", "back 0"])
        #expect(text(program(model, cuts: [2], stage: 0, .every(1))) == ["back 1", "back 0"])
    }

    @Test func `what nobody trains has no backward`() throws {
        let model = try rows("relu, tanh, {linear: {in: 4, out: 2}}")
        #expect(text(program(model, cuts: [], stage: 0, .none)) == ["back 2"])
        #expect(text(program(model, cuts: [2], stage: 0, .none)).isEmpty)
    }

    @Test func `what lies between the backward halves takes what the frame no longer needs, then memory of its own`()
        throws
    {
        let layer = "{transformer: {width: 16, heads: 2}}"
        let model = try rows([layer, layer, layer].joined(separator: ", "), TensorSpec([2, 3, 16]))
        let whole = program(model, cuts: [], stage: 0, .none)
        let split = program(model, cuts: [], stage: 0, .none, splitsBackward: true)
        #expect(split.frameBytes == whole.frameBytes && whole.deferredBytes == 0)
        let places = split.nodes.flatMap(\.deferred)
        let all = Set(places + split.nodes.flatMap(\.outputGradients))
        let bytes = all.filter { $0.region != .transient }.map { MemoryPlan.aligned($0.spec.byteCount) }.reduce(0, +)
        #expect(places.contains { $0.region == .frame } && split.deferredBytes < bytes)
        // No two of them overlap, nor does any overlap what a weight half reads.
        let read = split.nodes.flatMap { node in
            node.recomputed.saved.enumerated().filter { ![1, 3].contains($0.offset) }.map(\.element)
                + node.recomputed.inputs + node.outputGradients
        }
        for place in all.union(read) {
            for other in all.union(read)
            where other != place && other.region == place.region && place.region != .transient {
                let (a, b) = (place.offset, other.offset)
                #expect(a + place.spec.byteCount <= b || b + other.spec.byteCount <= a)
            }
        }
    }

    @Test func `recomputation keeps less in the frame`() throws {
        let block = "{residual: [{linear: {in: 4, out: 64}}, {gelu: tanh}, {linear: {in: 64, out: 4}}]}"
        let model = try rows([block, block, block, block].joined(separator: ", "))
        let some = [Recomputation.none, .layers([1]), .layers([1, 2]), .every(1)].map {
            program(model, cuts: [], stage: 0, $0).frameBytes
        }
        #expect(zip(some, some.dropFirst()).allSatisfy { $0 > $1 })
        let bytes = [Recomputation.none, .every(2), .stage].map { program(model, cuts: [], stage: 0, $0).frameBytes }
        #expect(bytes[0] > bytes[1] && bytes[1] > bytes[2])
    }
}
