import CPUDevices
import Models
import Stages
import Tensors
import Testing

/// Parameters that are one tensor, on the stages that hold them.
@Suite struct TieTests {
    private static let layers = """
        {embedding: {vocab: 9, width: 6}}, {layer-norm: {width: 6}}, {linear: {in: 6, out: 9, bias: false}}
        """

    /// The embedding's table and the head's matrix.
    private func firstValues(_ ties: String, cuts: [Int]) throws -> [[Float]] {
        let yaml = "layers: [\(Self.layers)]\nloss: cross-entropy\nties: \(ties)"
        let model = try ModelGraph(Sequential.decode(yaml: yaml, file: "m.yaml"), input: TensorSpec([2, 4], .i32))
        let layout = PipelineLayout(model, cuts: cuts)
        let backend = CPUBackend(device: "cpu:0", threads: 1)
        var masters: [Tensor] = []
        for stage in layout.stages.indices {
            let executor = try StageExecutor(
                model: model, layout: layout, stage: stage, slots: 1, microBatches: 1, micro: 2, seed: 1,
                splitsBackward: false, on: backend)
            try executor.initialiseParameters(seed: 5)
            masters += executor.memory.masters.flatMap { $0 }
        }
        return [masters[0], masters[masters.count - 1]].map { tensor in
            Array(UnsafeRawBufferPointer(start: tensor.address, count: tensor.byteCount).bindMemory(to: Float.self))
        }
    }

    @Test(arguments: [[], [2]])
    func `tied parameters start equal, with the first one's values, on one stage or on two`(_ cuts: [Int]) throws {
        let free = try firstValues("null", cuts: [])
        let tied = try firstValues("[[2.weight, 0.token.weight]]", cuts: cuts)
        #expect(tied[0] == free[0] && tied[1] == free[0])
        #expect(free[1] != free[0])
    }
}
