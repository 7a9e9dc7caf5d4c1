#include "CKernels.h"
#include "vector.h"

KERNEL void ck_adam(float *p, const float *gradient, float *m, float *v, size_t count, struct ck_adam_step step) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = count - i;
        f32v weight, g, first, second;
        load(&weight, p + i, left, 0);
        load(&g, gradient + i, left, 0);
        load(&first, m + i, left, 0);
        load(&second, v + i, left, 0);
        g = g * step.gradient_scale;
        g = g + step.coupled_decay * weight;
        weight = weight * step.decay;
        first = first + step.one_minus_beta1 * (g - first);
        second = second * step.beta2 + (step.one_minus_beta2 * g) * g;
        f32v denominator = __builtin_elementwise_sqrt(second) / step.sqrt_correction2 + step.epsilon;
        weight = weight - (step.step_size * first) / denominator;
        store(p + i, &weight, left);
        store(m + i, &first, left);
        store(v + i, &second, left);
    }
}

KERNEL void ck_sgd(float *p, const float *gradient, float *momentum, size_t count, struct ck_sgd_step step) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = count - i;
        f32v weight, g;
        load(&weight, p + i, left, 0);
        load(&g, gradient + i, left, 0);
        g = g * step.gradient_scale;
        g = g + step.weight_decay * weight;
        if (momentum) {
            f32v velocity = g;
            if (!step.first) {
                load(&velocity, momentum + i, left, 0);
                velocity = velocity * step.momentum + step.one_minus_dampening * g;
            }
            store(momentum + i, &velocity, left);
            g = step.nesterov ? g + step.momentum * velocity : velocity;
        }
        weight = weight - step.learning_rate * g;
        store(p + i, &weight, left);
    }
}
