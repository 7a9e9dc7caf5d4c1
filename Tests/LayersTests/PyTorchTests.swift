import Layers
import Models
import Tensors
import Testing

/// Every layer and option against numbers from PyTorch.
struct PyTorchTests {
    @Test(arguments: LayerCase.withFixture + [.scaledAdd], Device.allCases)
    func `every layer agrees with PyTorch`(_ example: LayerCase, _ device: Device) throws {
        try compare(example, on: device.make(), tolerance: device.tolerance)
    }

    /// A fixture that no test reads would prove nothing, and neither would a kind of layer without one.
    @Test func `every fixture names a layer that manifests know, and every kind that computes has one`() throws {
        let layers = try Fixture.names.filter { try Fixture($0).layer != nil }
        #expect(LayerCase.withFixture.map(\.name) == layers)
        let named = Set(try layers.map { try #require(Fixture($0).layer).prefix { $0 != ":" } }.map(String.init))
        let unproven = LayerKinds.names.filter { !named.contains($0) }
        #expect(unproven == ["dropout", "residual", "select", "stash", "pop"])
    }

    /// Inputs, parameters and every intermediate tensor are rounded: sixteen times the error of one rounding; 48 times
    /// where a rounding may take a number past relu's edge, and its gradient with it.
    @Test(arguments: LayerCase.withFixture + [.scaledAdd], [(DType.bf16, 0x1p-5), (DType.f16, 0x1p-8)])
    func `every layer agrees with PyTorch in bf16 and f16`(
        _ example: LayerCase, _ kind: (dtype: DType, tolerance: Double)
    ) throws {
        let slack: Double = example.name == "transformer-relu" ? 3 : 1
        try compare(example.stored(as: kind.dtype), on: Device.cpu.make(), tolerance: slack * kind.tolerance)
    }

    private func compare(_ example: LayerCase, on backend: any TestBackend, tolerance: Double) throws {
        let fixture = try Fixture(example.name)
        let bench = try LayerBench(example.layer, example.inputs, on: backend)
        try load(fixture, into: bench)

        let frame = bench.makeFrame()
        let outputs = bench.forward(frame, try fixture.list("input"))
        try compare(outputs, "output", fixture, tolerance)
        let inputGradients = bench.backwardInput(frame, try fixture.list("output_gradient"))
        for (i, gradient) in inputGradients.enumerated() where !bench.plan.withoutGradient.contains(i) {
            try compare([gradient], "input_gradient", fixture, tolerance, first: i)
        }
        bench.backwardWeight(frame)
        for (spec, gradient) in zip(example.layer.parameters, bench.readGradients()) {
            let error = relativeError(gradient, try fixture.values("gradient.\(spec.name)"))
            #expect(error <= tolerance, "gradient of \(spec.name): \(error)")
        }
    }

    /// Parameters come in the order and shapes of PyTorch's state dict; shapes come out as PyTorch's.
    private func load(_ fixture: Fixture, into bench: LayerBench) throws {
        #expect(bench.layer.parameters.map(\.name) == fixture.parameters)
        for (spec, tensor) in zip(bench.layer.parameters, bench.parameters) {
            #expect(spec.shape == fixture.shape("parameter.\(spec.name)"))
            bench.backend.write(try fixture.values("parameter.\(spec.name)"), to: tensor)
        }
        for (i, spec) in bench.inputs.enumerated() { #expect(spec.shape == fixture.shape("input.\(i)")) }
        for (i, spec) in bench.plan.outputs.enumerated() { #expect(spec.shape == fixture.shape("output.\(i)")) }
        #expect(fixture.shape("output.\(bench.plan.outputs.count)") == nil)
    }

    private func compare(
        _ got: [[Double]], _ name: String, _ fixture: Fixture, _ tolerance: Double, first: Int = 0
    ) throws {
        for (i, values) in got.enumerated() {
            let error = relativeError(values, try fixture.values("\(name).\(first + i)"))
            #expect(error <= tolerance, "\(name) \(first + i): \(error)")
        }
    }

    @Test(
        arguments: [
            ("cross-entropy", CrossEntropy() as any Loss, [2, 7, 19] as Shape),
            ("cross-entropy-nothing-counts", CrossEntropy(), [3, 5] as Shape),
            ("mean-squared-error", MeanSquaredError(), [2, 7, 5] as Shape),
        ], Device.allCases)
    func `every loss agrees with PyTorch`(_ example: (name: String, loss: any Loss, shape: Shape), _ device: Device)
        throws
    {
        let fixture = try Fixture(example.name)
        let backend = device.make()
        let signature = [TensorSpec(example.shape)]
        let targetSpec = try example.loss.targets(for: signature)
        #expect(targetSpec.shape == fixture.shape("targets"))
        let prediction = backend.make(signature[0], try fixture.values("input.0"))
        let targets = backend.make(targetSpec, try fixture.values("targets"))
        let normaliser = backend.make(TensorSpec([1], .i64), try fixture.values("normaliser"))
        let rowLosses = backend.make(TensorSpec([example.loss.rows(for: signature)]))

        example.loss.evaluate(prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses, on: backend)
        let lossError = relativeError(backend.read(rowLosses), try fixture.values("row_losses"))
        #expect(lossError <= device.tolerance)
        let gradientError = relativeError(backend.read(prediction), try fixture.values("input_gradient.0"))
        #expect(gradientError <= device.tolerance)
    }
}
