import Layers
import Tensors
import Testing

/// The kernels against their naive twin, at sizes that cross their blocks and leave odd rests.
struct TwinTests {
    private static let examples =
        [
            LayerCase("embedding", Embedding(vocab: 97, width: 130, positions: 70), [3, 67]),
            LayerCase("embedding-scaled", Embedding(vocab: 97, width: 130, scale: 11.4), [3, 67]),
            LayerCase("rms-norm-unit-offset", RMSNorm(width: 1027, unitOffset: true), [3, 5, 1027]),
            LayerCase("softcap", Softcap(0.7), [3, 5, 1027]),
            LayerCase("scaled-add", ScaledAdd(scale: 7.48), [3, 5, 1027], [3, 5, 1027]),
            LayerCase("linear", Linear(inputs: 131, outputs: 259), [3, 67, 131]),
            LayerCase("layer-norm", LayerNorm(width: 1027), [3, 5, 1027]),
            LayerCase("rms-norm", RMSNorm(width: 1027), [3, 5, 1027]),
            LayerCase("transformer", Transformer(width: 96, heads: 3), [2, 131, 96]),
            LayerCase(
                "transformer-open", Transformer(width: 96, heads: 2, hidden: 101, causal: false, norm: .rmsNorm),
                [1, 197, 96]),
        ] + LayerCase.shards.filter { !$0.name.contains("dropout") }

    @Test(arguments: examples)
    func `every layer agrees with its naive twin`(_ example: LayerCase) throws {
        let (fast, naive) = (try run(example, .cpu), try run(example, .double))
        for (name, values) in naive {
            let error = relativeError(fast[name] ?? [], values)
            #expect(error < 1e-5, "\(name): \(error)")
        }
    }

    /// Of what is rounded on the way, only the inputs, the parameters and the results are the twin's too.
    @Test(arguments: examples, [(DType.bf16, 10 * 0x1p-9), (DType.f16, 10 * 0x1p-12)])
    func `every layer agrees with its naive twin in bf16 and f16`(
        _ example: LayerCase, _ kind: (dtype: DType, tolerance: Double)
    ) throws {
        let (fast, naive) = (try run(example.stored(as: kind.dtype), .cpu), try run(example, .double))
        for (name, values) in naive {
            let error = relativeError(fast[name] ?? [], values)
            // Half the heads give results that are small beside what is added: 13 roundings where bf16 is multiplied in f32.
            let more = example.name == "shard-of-attention" && kind.dtype == .bf16 ? 1.4 : 1
            #expect(error < kind.tolerance * more, "\(name): \(error)")
        }
    }

    private func run(_ example: LayerCase, _ device: Device) throws -> [String: [Double]] {
        var numbers = Numbers(53)
        let bench = try LayerBench(example.layer, example.inputs, on: device.make())
        bench.randomise(&numbers)
        let frame = bench.makeFrame()
        let outputs = bench.forward(frame, example.inputs.map { numbers.list(for: $0, vocab: bench.vocab) })
        let inputGradients = bench.backwardInput(frame, bench.plan.outputs.map { numbers.list($0.count) })
        bench.backwardWeight(frame)
        var result = ["output": outputs[0], "input gradient": inputGradients[0]]
        for (spec, gradient) in zip(example.layer.parameters, bench.readGradients()) { result[spec.name] = gradient }
        return result
    }
}
