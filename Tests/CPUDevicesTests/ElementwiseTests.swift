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

    @Test(arguments: [0.25, 30]) func `a softcap and its slope agree with their definition`(cap: Double) {
        for count in oddSizes + [3001] {
            let (x, dy) = (points(count).map { $0 * cap }, numbers(count, seed: 4))
            let (input, y, dx) = (lab.tensor(x), lab.garbage([count]), lab.tensor(dy))
            lab.backend.softcap(input, cap: Float(cap), into: y)
            lab.backend.softcapBackward(dx, x: input, cap: Float(cap), into: dx)
            expectClose(lab.floats(y), x.map { cap * Glibc.tanh($0 / cap) }, tolerance: 3e-7, "y")
            expectClose(lab.floats(dx), x.indices.map { dy[$0] / pow(cosh(x[$0] / cap), 2) }, tolerance: 6e-7, "dx")
            #expect(lab.floats(y).allSatisfy { abs($0) <= Float(cap) })
            lab.backend.softcap(input, cap: Float(cap), into: input)
            #expect(lab.floats(input) == lab.floats(y))
        }
    }

    @Test func `a scaled sum and a product with a number agree with their definition, in place too`() {
        for count in oddSizes + [3001] {
            let (a, x) = (numbers(count, seed: 1), numbers(count, seed: 2))
            let (sum, product) = (lab.garbage([count]), lab.garbage([count]))
            lab.backend.addScaled(lab.tensor(x), by: 7.5, to: lab.tensor(a), into: sum)
            lab.backend.scale(lab.tensor(x), by: 7.5, into: product)
            expectClose(lab.floats(sum), a.indices.map { a[$0] + 7.5 * x[$0] }, tolerance: 2e-7, "sum")
            expectClose(lab.floats(product), x.map { 7.5 * $0 }, tolerance: 1e-7, "product")
            let (first, second) = (lab.tensor(a), lab.tensor(x))
            lab.backend.addScaled(second, by: 7.5, to: first, into: first)
            lab.backend.scale(second, by: 7.5, into: second)
            #expect(lab.floats(first) == lab.floats(sum) && lab.floats(second) == lab.floats(product))
        }
    }

    @Test(arguments: Activation.allCases) func `NaN stays NaN`(kind: Activation) {
        let x = lab.tensor([.nan, 1])
        lab.backend.activation(kind, x, into: x)
        #expect(lab.floats(x)[0].isNaN)
        #expect(lab.floats(x)[1].isFinite)
    }
}
