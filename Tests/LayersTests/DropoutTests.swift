import Layers
import Tensors
import Testing

struct DropoutTests {
    private let probability = 0.3

    private func bench(_ batch: Int, _ device: Device, _ layer: any Layer) throws -> LayerBench {
        let bench = try LayerBench(layer, [TensorSpec([batch, 5, 8])], on: device.make())
        var numbers = Numbers(7)
        bench.randomise(&numbers)
        return bench
    }

    /// Output, input gradient.
    private func run(
        _ bench: LayerBench, _ key: RandomKey, _ x: [Double], _ dy: [Double], training: Bool = true
    ) -> (y: [Double], dx: [Double]) {
        var frame = bench.makeFrame(key: key)
        frame.isTraining = training
        let y = bench.forward(frame, [x])[0]
        return (y, bench.backwardInput(frame, [dy])[0])
    }

    @Test(arguments: Device.allCases)
    func `forward and backward share the mask`(_ device: Device) throws {
        let bench = try bench(64, device, Dropout(probability: probability))
        let ones = Array(repeating: 1.0, count: 64 * 5 * 8)
        let result = run(bench, RandomKey(seed: 1, step: 3, sample: 4, layer: 8), ones, ones)
        #expect(result.y == result.dx)
        let kept = result.y.filter { $0 != 0 }
        #expect(kept.allSatisfy { ($0 - 1 / (1 - probability)).magnitude < 1e-6 })
        // 2560 draws: five standard deviations are 0.045.
        #expect((Double(kept.count) / Double(ones.count) - 0.7).magnitude < 0.045)
    }

    @Test(
        arguments: [Dropout(probability: 0.3), Transformer(width: 8, heads: 2, dropout: 0.3)] as [any Layer],
        Device.allCases)
    func `masks do not depend on how a batch is split into micro-batches`(_ layer: any Layer, _ device: Device) throws {
        var numbers = Numbers(41)
        let (x, dy) = (numbers.list(4 * 40), numbers.list(4 * 40))
        let key = RandomKey(seed: 9, step: 1, sample: 6, layer: 16)
        let whole = run(try bench(4, device, layer), key, x, dy)
        var parts: (y: [Double], dx: [Double]) = ([], [])
        for half in 0..<2 {
            let range = half * 80..<(half + 1) * 80
            var key = key
            key.sample += UInt32(2 * half)
            let part = run(try bench(2, device, layer), key, Array(x[range]), Array(dy[range]))
            parts.y += part.y
            parts.dx += part.dx
        }
        if layer is Dropout {
            #expect(parts == whole)
        } else {
            #expect(relativeError(parts.y, whole.y) < 1e-5)
            #expect(relativeError(parts.dx, whole.dx) < 1e-5)
        }
    }

    @Test(arguments: Device.allCases)
    func `every part of the key counts`(_ device: Device) throws {
        let bench = try bench(2, device, Dropout(probability: 0.5))
        let ones = Array(repeating: 1.0, count: 80)
        let keys = [
            RandomKey(seed: 1, step: 1, sample: 0, layer: 8), RandomKey(seed: 2, step: 1, sample: 0, layer: 8),
            RandomKey(seed: 1, step: 2, sample: 0, layer: 8), RandomKey(seed: 1, step: 1, sample: 2, layer: 8),
            RandomKey(seed: 1, step: 1, sample: 0, layer: 16),
        ]
        let masks = Set(keys.map { run(bench, $0, ones, ones).y })
        #expect(masks.count == keys.count)
    }

    /// With one stream for both, a transformer whose branches are equal would drop the same places twice.
    @Test(arguments: Device.allCases)
    func `the two dropouts of a transformer differ`(_ device: Device) throws {
        let layer = Transformer(width: 8, heads: 2, dropout: 0.5)
        let bench = try bench(4, device, layer)
        // Without weights a branch is its dropped bias alone: attention adds 1, the MLP 100.
        for (spec, tensor) in zip(layer.parameters, bench.parameters) {
            let bias: Double =
                switch spec.name {
                case "attention.out.bias": 1
                case "mlp.down.bias": 100
                default: 0
                }
            bench.backend.write(Array(repeating: bias, count: tensor.count), to: tensor)
        }
        let nothing = Array(repeating: 0.0, count: 160)
        let y = run(bench, RandomKey(seed: 1, layer: 8), nothing, nothing).y
        #expect(Set(y) == [0, 2, 200, 202])
    }

    @Test(arguments: Device.allCases)
    func `evaluation drops nothing`(_ device: Device) throws {
        var numbers = Numbers(2)
        let (x, dy) = (numbers.list(160), numbers.list(160))
        let dropout = try bench(4, device, Dropout(probability: 0.3))
        let passed = run(dropout, RandomKey(seed: 1, layer: 8), x, dy, training: false)
        #expect(passed.y == x && passed.dx == dy)

        let key = RandomKey(seed: 1, layer: 8)
        let dropping = try bench(4, device, Transformer(width: 8, heads: 2, dropout: 0.3))
        let plain = try bench(4, device, Transformer(width: 8, heads: 2))
        let expected = run(plain, key, x, dy)
        let got = run(dropping, key, x, dy, training: false)
        #expect(got == expected)
        #expect(run(dropping, key, x, dy).y != expected.y)
    }
}
