import CPUDevices
import Glibc
import Tensors
import Testing

func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

extension Activation {
    /// As PyTorch defines it.
    func naive(_ x: Double) -> Double {
        switch self {
        case .geluTanh: 0.5 * x * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .geluErf: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        case .relu: max(x, 0)
        case .silu: x * logistic(x)
        case .tanh: Glibc.tanh(x)
        case .sigmoid: logistic(x)
        }
    }
}

@Suite struct ElementwiseTests {
    let lab = Lab()

    /// Denser where the functions bend.
    private func points(_ count: Int) -> [Double] {
        numbers(count, seed: 3).enumerated().map { Double(Float($1 * pow(10, Double($0 % 5) - 3))) }
    }

    @Test(arguments: Activation.allCases) func `activations agree with their definition`(kind: Activation) {
        for count in oddSizes + [3001] {
            let x = points(count)
            let (input, output) = (lab.tensor(x), lab.garbage([count]))
            lab.backend.activation(kind, input, into: output)
            for (index, y) in lab.floats(output).enumerated() {
                let expected = kind.naive(x[index])
                #expect(abs(Double(y) - expected) <= 1e-6 * abs(expected) + 3e-9, "\(kind) \(x[index])")
            }
            lab.backend.activation(kind, input, into: input)
            #expect(lab.floats(input) == lab.floats(output))
        }
    }

    @Test(arguments: Activation.allCases) func `slopes agree with finite differences`(kind: Activation) {
        let x = points(401).filter { abs($0) > 1e-3 }
        let dy = numbers(x.count, seed: 4)
        let gradient = lab.tensor(dy)
        lab.backend.activationBackward(kind, x: lab.tensor(x), dy: gradient, into: gradient)
        let expected = x.indices.map { i in
            dy[i] * (kind.naive(x[i] + 1e-5) - kind.naive(x[i] - 1e-5)) / 2e-5
        }
        expectClose(lab.floats(gradient), expected, tolerance: 1e-6, "\(kind)")
    }

    @Test(arguments: Activation.allCases) func `a gate is its activation times the other input`(_ kind: Activation) {
        for count in oddSizes + [3001] {
            let (g, u) = (points(count), numbers(count, seed: 5))
            let y = lab.garbage([count])
            lab.backend.gate(kind, lab.tensor(g), lab.tensor(u), into: y)
            let expected = g.indices.map { kind.naive(g[$0]) * u[$0] }
            expectClose(lab.floats(y), expected, tolerance: 1e-6, "\(kind)")
        }
    }

    @Test(arguments: Activation.allCases) func `a gate's gradients are the slopes of its product`(_ kind: Activation) {
        let g = points(401).filter { abs($0) > 1e-3 }
        let (u, dy) = (numbers(g.count, seed: 5), numbers(g.count, seed: 4))
        let (dgate, dup) = (lab.garbage([g.count]), lab.tensor(dy))
        lab.backend.gateBackward(
            kind, gate: lab.tensor(g), up: lab.tensor(u), dy: dup, dgate: dgate, dup: dup)
        let slopes = g.indices.map { i in
            dy[i] * u[i] * (kind.naive(g[i] + 1e-5) - kind.naive(g[i] - 1e-5)) / 2e-5
        }
        expectClose(lab.floats(dgate), slopes, tolerance: 1e-6, "\(kind)")
        expectClose(lab.floats(dup), g.indices.map { dy[$0] * kind.naive(g[$0]) }, tolerance: 1e-6, "\(kind)")
    }

    @Test(arguments: Activation.allCases) func `NaN stays NaN`(kind: Activation) {
        let x = lab.tensor([.nan, 1])
        lab.backend.activation(kind, x, into: x)
        #expect(lab.floats(x)[0].isNaN)
        #expect(lab.floats(x)[1].isFinite)
    }
}
