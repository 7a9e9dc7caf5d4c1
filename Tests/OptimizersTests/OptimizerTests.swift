import CPUDevices
import Foundation
import Optimizers
import Tensors
import Testing

/// Ten steps of each rule against torch.optim's numbers.
@Suite struct OptimizerTests {
    let backend = CPUBackend(device: "cpu:0", threads: 1)

    @Test(arguments: try Fixture.load().rules)
    func `ten steps give torch's parameters and state`(rule: Fixture.Rule) throws {
        let optimizer = try rule.optimizer()
        var run = Run(optimizer, on: backend)
        for step in 0..<10 {
            let rate = rule.warm ? optimizer.learningRate * Double(step + 1) / 10 : optimizer.learningRate
            run.update(gradient(step), step: step, learningRate: rate)
            if let expected = rule.after[String(step + 1)] { expectClose(run.values(of: run.parameter), expected) }
        }
        #expect(Set(optimizer.state.names) == Set(rule.state.keys))
        for (name, tensor) in zip(optimizer.state.names, run.state) {
            expectClose(run.values(of: tensor), try #require(rule.state[name]))
        }
    }

    @Test(arguments: try Fixture.load().rules)
    func `scaling the gradient is the same as a scaled gradient`(rule: Fixture.Rule) throws {
        var scaled = Run(try rule.optimizer(), on: backend)
        var plain = scaled.copy()
        for step in 0..<3 {
            scaled.update(gradient(step).map { $0 * 8 }, step: step, gradientScale: 0.125)
            plain.update(gradient(step), step: step)
        }
        #expect(scaled.values(of: scaled.parameter) == plain.values(of: plain.parameter))
    }

    @Test func `defaults are torch's`() {
        let (adamW, adam, sgd) = (AdamW().settings, Adam().settings, SGD())
        #expect(adamW.learningRate == 1e-3 && adamW.beta1 == 0.9 && adamW.beta2 == 0.999)
        #expect(adamW.epsilon == 1e-8 && adamW.weightDecay == 0.01 && adam.weightDecay == 0)
        #expect(sgd.learningRate == 1e-3 && sgd.momentum == 0 && sgd.dampening == 0 && sgd.weightDecay == 0)
    }

    @Test func `state takes what its tensors take`() throws {
        #expect(AdamW().state.byteCount(parameters: 10) == 80)
        #expect(try SGD(momentum: 0.9).state.byteCount(parameters: 10) == 40)
        #expect(SGD().state.byteCount(parameters: 10) == 0)
    }

    @Test func `settings that cannot work are refused`() {
        expectError("adamw.lr: expected a number above 0, got -1.0") { try AdamW(learningRate: -1) }
        expectError("adam.eps: expected a number of at least 0, got nan") { try Adam(epsilon: .nan) }
        expectError("adamw.weight_decay: expected a number of at least 0, got inf") {
            try AdamW(weightDecay: .infinity)
        }
        expectError("adam.betas: expected two numbers from 0 to below 1, got [0.9, 1.0]") {
            try Adam(beta2: 1)
        }
        expectError(
            "sgd.nesterov: expected momentum above 0 and dampening 0 beside it, got true, with momentum 0.0 and dampening 0.0"
        ) {
            try SGD(nesterov: true)
        }
        expectError("sgd.dampening: expected a number of at least 0, got nan") {
            try SGD(momentum: 0.9, dampening: .nan)
        }
    }
}

/// One parameter under training, and its state.
private struct Run {
    let optimizer: any Optimizer
    let backend: CPUBackend
    let parameter: Tensor
    let gradient: Tensor
    let state: [Tensor]

    init(_ optimizer: any Optimizer, on backend: CPUBackend) {
        self.optimizer = optimizer
        self.backend = backend
        let tensors = (0..<2 + optimizer.state.count).map { _ in
            guard let memory = try? backend.allocate(byteCount: Fixture.count * 4) else {
                preconditionFailure("no memory")
            }
            return Tensor(memory, spec: TensorSpec([Fixture.count]))
        }
        tensors.forEach(backend.zero)
        parameter = tensors[0]
        gradient = tensors[1]
        state = Array(tensors[2...])
        let start = (0..<Fixture.count).map { Float((5 * $0) % 17 - 8) / 4 }
        start.withUnsafeBytes { backend.upload($0, to: parameter) }
    }

    /// A run of its own from the same start.
    func copy() -> Run { Run(optimizer, on: backend) }

    mutating func update(_ values: [Float], step: Int, learningRate: Double? = nil, gradientScale: Float = 1) {
        values.withUnsafeBytes { backend.upload($0, to: gradient) }
        optimizer.update(
            parameter, gradient: gradient, state: state, t: step + 1,
            learningRate: learningRate ?? optimizer.learningRate, gradientScale: gradientScale, on: backend)
    }

    func values(of tensor: Tensor) -> [Float] {
        var values = [Float](repeating: .nan, count: tensor.count)
        values.withUnsafeMutableBytes { backend.download(tensor, to: $0) }
        return values
    }
}

/// The gradient of a step that the fixture's script names.
func gradient(_ step: Int) -> [Float] { (0..<Fixture.count).map { Float((7 * $0 + 13 * step) % 32 - 15) / 8 } }

/// Within 2e-6 of each other, relative to the larger of the value and 1/4.
func expectClose(_ values: [Float], _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    for (value, expected) in zip(values, expected) {
        #expect(abs(value - expected) <= 2e-6 * max(abs(expected), 0.25), sourceLocation: sourceLocation)
    }
}

func expectError(_ message: String, _ body: () throws -> Any) {
    let error = #expect(throws: OptimizerError.self) { _ = try body() }
    #expect(error?.description == message)
}
