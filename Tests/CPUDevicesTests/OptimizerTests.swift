import CPUDevices
import Glibc
import Tensors
import Testing

@Suite struct OptimizerTests {
    let lab = Lab()

    /// torch.optim's single-tensor Adam and AdamW, in f64.
    private func naiveAdam(
        _ p: inout [Double], _ gradients: [Double], _ m: inout [Double], _ v: inout [Double], _ s: AdamStep
    ) {
        for i in p.indices {
            var g = gradients[i] * Double(s.gradientScale)
            if s.decoupled { p[i] *= 1 - s.learningRate * s.weightDecay } else { g += s.weightDecay * p[i] }
            m[i] = s.beta1 * m[i] + (1 - s.beta1) * g
            v[i] = s.beta2 * v[i] + (1 - s.beta2) * g * g
            let denominator = v[i].squareRoot() / (1 - pow(s.beta2, Double(s.t))).squareRoot() + s.epsilon
            p[i] -= s.learningRate / (1 - pow(s.beta1, Double(s.t))) * m[i] / denominator
        }
    }

    @Test(arguments: oddSizes, [true, false]) func `Adam and AdamW agree with PyTorch's formulas`(
        count: Int, decoupled: Bool
    ) {
        var (p, m, v) = (
            numbers(count, seed: 1), [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
        )
        let (weights, first, second) = (lab.tensor(p), lab.tensor(m), lab.tensor(v))
        for t in 1...5 {
            let step = AdamStep(
                learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, decoupled: decoupled,
                t: t, gradientScale: 0.5)
            let g = numbers(count, seed: UInt64(10 + t))
            lab.backend.adamW(weights, gradient: lab.tensor(g), m: first, v: second, step)
            naiveAdam(&p, g, &m, &v, step)
        }
        expectClose(lab.floats(weights), p)
        expectClose(lab.floats(first), m)
        expectClose(lab.floats(second), v)
    }

    /// torch.optim's single-tensor SGD, in f64.
    private func naiveSGD(_ p: inout [Double], _ gradients: [Double], _ buffer: inout [Double], _ s: SGDStep) {
        for i in p.indices {
            var g = gradients[i] * Double(s.gradientScale) + s.weightDecay * p[i]
            if s.momentum != 0 {
                buffer[i] = s.first ? g : s.momentum * buffer[i] + (1 - s.dampening) * g
                g = s.nesterov ? g + s.momentum * buffer[i] : buffer[i]
            }
            p[i] -= s.learningRate * g
        }
    }

    @Test(arguments: oddSizes, [(0, 0, false), (0.9, 0, false), (0.9, 0.2, false), (0.9, 0, true)])
    func `SGD agrees with PyTorch's formulas`(count: Int, kind: (momentum: Double, dampening: Double, nesterov: Bool)) {
        var (p, buffer) = (numbers(count, seed: 1), [Double](repeating: 0, count: count))
        let (weights, momentum) = (lab.tensor(p), lab.garbage([count]))
        for t in 0..<4 {
            let step = SGDStep(
                learningRate: 0.1, momentum: kind.momentum, dampening: kind.dampening, nesterov: kind.nesterov,
                weightDecay: 0.01, first: t == 0, gradientScale: 2)
            let g = numbers(count, seed: UInt64(10 + t))
            lab.backend.sgd(weights, gradient: lab.tensor(g), momentum: kind.momentum == 0 ? nil : momentum, step)
            naiveSGD(&p, g, &buffer, step)
        }
        expectClose(lab.floats(weights), p)
        if kind.momentum != 0 { expectClose(lab.floats(momentum), buffer) }
    }
}
