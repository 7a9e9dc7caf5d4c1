import Layers
import Tensors
import Testing

/// The parts of layers that may be cut inside, one behind the other, against the whole.
struct PartsTests {
    private static let divisible = LayerCase.all.filter { !$0.layer.parts.isEmpty }

    private struct Outcome: Equatable {
        var outputs: [[Double]] = []
        var inputGradients: [[Double]] = []
        /// By parameter.
        var gradients: [String: [Double]] = [:]
    }

    /// Two micro-batches through layers one behind the other, whose parameters have the values of their names.
    private func run(
        _ layers: [any Layer], _ example: LayerCase, _ device: Device, _ values: [String: [Double]]
    ) throws -> Outcome {
        let backend = device.make()
        var benches: [LayerBench] = []
        for layer in layers {
            let bench = try LayerBench(layer, benches.last?.plan.outputs ?? example.inputs, on: backend)
            for (spec, tensor) in zip(layer.parameters, bench.parameters) {
                backend.write(try #require(values[spec.name]), to: tensor)
            }
            benches.append(bench)
        }
        var (numbers, outcome) = (Numbers(31), Outcome())
        for sample in 0..<2 {
            let key = RandomKey(seed: 5, step: 2, sample: UInt32(3 * sample), layer: 24)
            let frames = benches.map { $0.makeFrame(key: key) }
            var x = example.inputs.map { numbers.list($0.count) }
            for (bench, frame) in zip(benches, frames) { x = bench.forward(frame, x) }
            outcome.outputs += x
            var dy = x.map { numbers.list($0.count) }
            for (bench, frame) in zip(benches, frames).reversed() { dy = bench.backwardInput(frame, dy) }
            outcome.inputGradients += dy
            for (bench, frame) in zip(benches, frames) { bench.backwardWeight(frame) }
        }
        for bench in benches {
            for (spec, gradient) in zip(bench.layer.parameters, bench.readGradients()) {
                outcome.gradients[spec.name] = gradient
            }
        }
        return outcome
    }

    @Test(arguments: divisible, Device.allCases)
    func `parts are the whole, bit for bit`(_ example: LayerCase, _ device: Device) throws {
        var (numbers, values) = (Numbers(37), [String: [Double]]())
        for spec in example.layer.parameters {
            values[spec.name] = numbers.list(spec.shape.count, scale: 0.3).map {
                spec.initial == .constant(1) ? 1 + $0 : $0
            }
        }
        let parts = example.layer.parts.map(\.layer)
        let whole = try run([example.layer], example, device, values)
        #expect(try run(parts, example, device, values) == whole)
        #expect(whole.gradients.count == values.count)
        #expect(Set(parts.flatMap { $0.parameters.map(\.name) }) == Set(values.keys))
    }

    @Test(arguments: divisible)
    func `parts take what the whole takes`(_ example: LayerCase) throws {
        let whole = try example.layer.plan(for: example.inputs)
        let parts = try example.layer.parts.map { try $0.layer.plan(for: example.inputs) }
        let cost = parts.reduce(LayerCost()) {
            LayerCost(
                forward: $0.forward + $1.cost.forward, backwardInput: $0.backwardInput + $1.cost.backwardInput,
                backwardWeight: $0.backwardWeight + $1.cost.backwardWeight)
        }
        #expect(cost == whole.cost)
        // x₂ goes from one to the other instead: as an input and as an output's gradient, which both keep.
        func bytes(_ specs: Signature) -> Int { specs.reduce(0) { $0 + $1.byteCount } }
        let x = bytes(example.inputs)
        #expect(parts.reduce(0) { $0 + bytes($1.saved) } + x == bytes(whole.saved))
        #expect(parts.reduce(0) { $0 + bytes($1.deferred) } + x == bytes(whole.deferred))
        #expect(parts.flatMap(\.forwardSums) == whole.forwardSums)
        #expect(parts.reversed().flatMap(\.backwardSums) == whole.backwardSums)
    }

    @Test func `some layers have parts`() { #expect(Self.divisible.count >= 8) }

    @Test func `only the attention remembers positions`() throws {
        let x: Signature = [TensorSpec([1, 4, 8])]
        let parts = Transformer(width: 8, heads: 2).parts
        #expect(parts.map(\.name) == ["attention", "mlp"])
        #expect(try parts.map { try $0.layer.cache(for: x, capacity: 9).count } == [1, 0])
    }
}
