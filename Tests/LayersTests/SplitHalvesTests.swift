import Layers
import Tensors
import Testing

/// What schedules rely on: where the halves of a backward stand changes no bit.
struct SplitHalvesTests {
    private struct Outcome: Equatable {
        /// Of each micro-batch and input.
        var inputGradients: [[[UInt64]]] = []
        var gradients: [[UInt64]] = []
    }

    private func bits(_ lists: [[Double]]) -> [[UInt64]] { lists.map { $0.map(\.bitPattern) } }

    /// Runs four micro-batches by a list of passes such as `F0 F1 I0 W0 I1 W1`.
    /// - Parameter spoils: whether `releasedAfterInput` tensors are overwritten before the weight half.
    private func run(
        _ example: LayerCase, _ device: Device, _ order: String, wantsInputGradients: Bool = true, spoils: Bool = false
    ) throws -> Outcome {
        var numbers = Numbers(29)
        let bench = try LayerBench(example.layer, example.inputs, on: device.make())
        bench.randomise(&numbers)
        bench.gradients.forEach { bench.backend.write(numbers.list($0.count), to: $0) }
        let count = 4
        let inputs = (0..<count).map { _ in example.inputs.map { numbers.list(for: $0, vocab: bench.vocab) } }
        let dys = (0..<count).map { _ in bench.plan.outputs.map { numbers.list($0.count) } }
        let frames = (0..<count).map { i in
            bench.makeFrame(
                key: RandomKey(seed: 5, step: 2, sample: UInt32(3 * i), layer: 24),
                wantsInputGradients: wantsInputGradients)
        }
        var outcome = Outcome(inputGradients: Array(repeating: [], count: count))
        for word in order.split(separator: " ") {
            let i = try #require(Int(word.dropFirst()))
            switch word.first {
            case "F": _ = bench.forward(frames[i], inputs[i])
            case "I": outcome.inputGradients[i] = bits(bench.backwardInput(frames[i], dys[i]))
            default:
                for index in spoils ? bench.plan.releasedAfterInput : [] {
                    let saved = frames[i].saved[index]
                    bench.backend.write(numbers.list(saved.count), to: saved)
                }
                bench.backwardWeight(frames[i])
            }
        }
        outcome.gradients = bits(bench.readGradients())
        return outcome
    }

    @Test(arguments: LayerCase.all, Device.allCases)
    func `deferring the weight half changes nothing`(_ example: LayerCase, _ device: Device) throws {
        let together = try run(example, device, "F0 I0 W0 F1 I1 W1 F2 I2 W2 F3 I3 W3")
        let gpipe = try run(example, device, "F0 F1 F2 F3 I0 W0 I1 W1 I2 W2 I3 W3")
        let zeroBubble = try run(example, device, "F0 F1 F2 I0 F3 I1 W0 I2 W1 I3 W2 W3")
        let atTheEnd = try run(example, device, "F0 F1 F2 F3 I0 I1 I2 I3 W0 W1 W2 W3", spoils: true)
        #expect(gpipe == together)
        #expect(zeroBubble == together)
        #expect(atTheEnd == together)
    }

    /// The test above would pass if gradients were not accumulated at all.
    @Test(arguments: LayerCase.all.filter { !$0.layer.parameters.isEmpty }, Device.allCases)
    func `gradients add up`(_ example: LayerCase, _ device: Device) throws {
        let none = try run(example, device, "F0").gradients
        let once = try run(example, device, "F0 I0 W0").gradients
        let twice = try run(example, device, "F0 I0 W0 F1 I1 W1").gradients
        let other = try run(example, device, "F1 I1 W1").gradients
        for i in none.indices {
            let values = [none, once, twice, other].map { $0[i].map(Double.init(bitPattern:)) }
            let parts = zip(values[1], values[3]).map { $0 + $1 }
            let whole = zip(values[2], values[0]).map { $0 + $1 }
            #expect(relativeError(parts, whole) < 1e-5)
            #expect(values[1] != values[0])
        }
    }

    @Test(arguments: LayerCase.all.filter { !$0.layer.parameters.isEmpty }, Device.allCases)
    func `the first layer of a model has the same weight gradients without an input gradient`(
        _ example: LayerCase, _ device: Device
    ) throws {
        let order = "F0 F1 I0 W0 I1 W1"
        let inner = try run(example, device, order)
        let first = try run(example, device, order, wantsInputGradients: false)
        #expect(first.gradients == inner.gradients)
        #expect(first.inputGradients.joined().allSatisfy { $0.isEmpty })
    }
}
