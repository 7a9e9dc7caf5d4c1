import Layers
import Tensors
import Testing

/// Gradients against differences of the objective Σ c · y, both in f64.
struct FiniteDifferenceTests {
    @Test(arguments: LayerCase.all)
    func `gradients are slopes`(_ example: LayerCase) throws {
        var numbers = Numbers(11)
        let bench = try LayerBench(example.layer, example.inputs, on: DoubleBackend())
        bench.randomise(&numbers)
        let inputs = example.inputs.map { numbers.list(for: $0, vocab: bench.vocab) }
        let c = bench.plan.outputs.map { numbers.list($0.count) }

        let frame = bench.makeFrame()
        _ = bench.forward(frame, inputs)
        let inputGradients = bench.backwardInput(frame, c)
        bench.backwardWeight(frame)
        let gradients = bench.readGradients()

        for i in example.inputs.indices where !bench.plan.withoutGradient.contains(i) {
            let direction = numbers.list(inputs[i].count)
            let slope = slope { step in
                var moved = inputs
                moved[i] = zip(inputs[i], direction).map { $0 + step * $1 }
                return objective(bench, moved, c)
            }
            expectSlope(slope, inputGradients[i], direction, "input \(i)")
        }
        for (i, parameter) in bench.parameters.enumerated() {
            let (values, direction) = (bench.backend.read(parameter), numbers.list(parameter.count))
            let slope = slope { step in
                bench.backend.write(zip(values, direction).map { $0 + step * $1 }, to: parameter)
                defer { bench.backend.write(values, to: parameter) }
                return objective(bench, inputs, c)
            }
            expectSlope(slope, gradients[i], direction, example.layer.parameters[i].name)
        }
    }

    private func objective(_ bench: LayerBench, _ inputs: [[Double]], _ c: [[Double]]) -> Double {
        let outputs = bench.forward(bench.makeFrame(), inputs)
        return zip(outputs, c).reduce(0) { $0 + dot($1.0, $1.1) }
    }

    /// Central differences at h and h/2, combined so that the error falls with h⁴ (Richardson).
    private func slope(_ f: (Double) -> Double) -> Double {
        func central(_ h: Double) -> Double { (f(h) - f(-h)) / (2 * h) }
        let h = 1e-4
        return (4 * central(h / 2) - central(h)) / 3
    }

    /// Within 1e-8 of |gradient| · |direction|, the largest that the slope could be.
    private func expectSlope(_ slope: Double, _ gradient: [Double], _ direction: [Double], _ name: String) {
        let scale = (dot(gradient, gradient) * dot(direction, direction)).squareRoot()
        let difference = (slope - dot(gradient, direction)).magnitude
        #expect(difference <= 1e-8 * scale + 1e-10, "\(name): slope \(slope), gradient \(dot(gradient, direction))")
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    @Test(
        arguments: [
            (CrossEntropy() as any Loss, [2, 3, 7] as Shape), (MeanSquaredError(), [2, 3, 5] as Shape),
        ])
    func `a loss's gradient is its slope`(_ loss: any Loss, _ shape: Shape) throws {
        var numbers = Numbers(3)
        let backend = DoubleBackend()
        let spec = try loss.targets(for: [TensorSpec(shape)])
        var targets = numbers.list(for: spec, vocab: shape.width)
        if spec.dtype == .i32 { targets[1] = -100 }
        let target = backend.make(spec, targets)
        let normaliser = backend.make(TensorSpec([1], .i64), [17])
        let values = numbers.list(shape.count)
        let direction = numbers.list(shape.count)

        func evaluate(_ values: [Double]) -> (loss: Double, gradient: [Double]) {
            let x = backend.make(TensorSpec(shape), values)
            let rows = backend.make(TensorSpec([loss.rows(for: [TensorSpec(shape)])]))
            loss.evaluate(x, targets: target, normaliser: normaliser, rowLosses: rows, on: backend)
            return (backend.sum(rows) / 17, backend.read(x))
        }
        let slope = slope { step in evaluate(zip(values, direction).map { $0 + step * $1 }).loss }
        expectSlope(slope, evaluate(values).gradient, direction, loss.kind)
    }
}
