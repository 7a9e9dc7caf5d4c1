internal import CKernels
internal import Glibc

extension CPUBackend {
    public func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep) {
        let count = p.count
        ck_adam(
            p.f32("adamW", count: count), gradient.f32("adamW", count: count), m.f32("adamW", count: count),
            v.f32("adamW", count: count), working?.dtype.kernel ?? CK_F32,
            working.map { $0.floats("adamW", $0.dtype, count: count) }, count, step.kernel)
    }

    public func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, working: Tensor?, _ step: SGDStep) {
        let count = p.count
        precondition(momentum != nil || step.momentum == 0, "sgd: momentum \(step.momentum) without its buffer")
        ck_sgd(
            p.f32("sgd", count: count), gradient.f32("sgd", count: count),
            step.momentum == 0 ? nil : momentum?.f32("sgd", count: count),
            working?.dtype.kernel ?? CK_F32, working.map { $0.floats("sgd", $0.dtype, count: count) }, count,
            step.kernel)
    }
}

extension AdamStep {
    fileprivate var kernel: ck_adam_step {
        ck_adam_step(
            gradient_scale: gradientScale,
            decay: decoupled ? Float(1 - learningRate * weightDecay) : 1,
            coupled_decay: decoupled ? 0 : Float(weightDecay),
            one_minus_beta1: Float(1 - beta1),
            beta2: Float(beta2),
            one_minus_beta2: Float(1 - beta2),
            sqrt_correction2: Float((1 - pow(beta2, Double(t))).squareRoot()),
            epsilon: Float(epsilon),
            step_size: Float(learningRate / (1 - pow(beta1, Double(t)))))
    }
}

extension SGDStep {
    fileprivate var kernel: ck_sgd_step {
        ck_sgd_step(
            gradient_scale: gradientScale, weight_decay: Float(weightDecay), momentum: Float(momentum),
            one_minus_dampening: Float(1 - dampening), learning_rate: Float(learningRate), nesterov: nesterov ? 1 : 0,
            first: first ? 1 : 0)
    }
}
