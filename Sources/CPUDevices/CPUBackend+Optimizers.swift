import CKernels
import Glibc
public import Tensors

extension CPUBackend {
    public func adamW(_ p: Tensor, gradient: Tensor, m: Tensor, v: Tensor, working: Tensor?, _ step: AdamStep) {
        let (count, step) = (p.count, step.kernel)
        let (weights, slopes) = (p.f32("adamW", count: count), gradient.f32("adamW", count: count))
        let (first, second) = (m.f32("adamW", count: count), v.f32("adamW", count: count))
        let copy = WorkingCopy(working, count: count)
        threads.split(count, alignment: 64) { part in
            let at = part.lowerBound
            ck_adam(
                weights + at, slopes + at, first + at, second + at, copy.type, copy.address(at), part.count, step)
        }
    }

    public func sgd(_ p: Tensor, gradient: Tensor, momentum: Tensor?, working: Tensor?, _ step: SGDStep) {
        precondition(momentum != nil || step.momentum == 0, "sgd: momentum \(step.momentum) without its buffer")
        let count = p.count
        let (weights, slopes) = (p.f32("sgd", count: count), gradient.f32("sgd", count: count))
        let velocity = step.momentum == 0 ? nil : momentum?.f32("sgd", count: count)
        let (copy, step) = (WorkingCopy(working, count: count), step.kernel)
        threads.split(count, alignment: 64) { part in
            let at = part.lowerBound
            ck_sgd(
                weights + at, slopes + at, velocity.map { $0 + at }, copy.type, copy.address(at), part.count, step)
        }
    }
}

/// Where new weights go a second time, rounded to another type; nowhere where there is no such tensor.
private struct WorkingCopy {
    let type: ck_type
    private let start: UnsafeMutableRawPointer?
    private let size: Int

    init(_ tensor: Tensor?, count: Int) {
        type = tensor?.dtype.kernel ?? CK_F32
        size = tensor?.dtype.size ?? 0
        start = tensor.map { $0.floats("an update's working copy", $0.dtype, count: count) }
    }

    func address(_ index: Int) -> UnsafeMutableRawPointer? { start.map { $0 + index * size } }
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
