#include "CKernels.h"
#include "vector.h"

/// Writes the rounded copy of the weights that products read; `working` is null where there is none.
INLINE void store_working(enum ck_type type, void *working, size_t i, const f32v *weight, size_t left) {
    if (!working) return;
    switch (type) {
    case CK_F32: store_f32((float *)working + i, weight, left); break;
    case CK_BF16: store_bf16((bf16 *)working + i, weight, left); break;
    case CK_F16: store_f16((f16 *)working + i, weight, left); break;
    }
}

KERNEL void ck_adam(
    float *p, const float *gradient, float *m, float *v, enum ck_type type, void *working, size_t count,
    struct ck_adam_step step
) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = count - i;
        f32v weight, g, first, second;
        load_f32(&weight, p + i, left, 0);
        load_f32(&g, gradient + i, left, 0);
        load_f32(&first, m + i, left, 0);
        load_f32(&second, v + i, left, 0);
        g = g * step.gradient_scale;
        g = g + step.coupled_decay * weight;
        weight = weight * step.decay;
        first = first + step.one_minus_beta1 * (g - first);
        second = second * step.beta2 + (step.one_minus_beta2 * g) * g;
        f32v denominator = __builtin_elementwise_sqrt(second) / step.sqrt_correction2 + step.epsilon;
        weight = weight - (step.step_size * first) / denominator;
        store_f32(p + i, &weight, left);
        store_working(type, working, i, &weight, left);
        store_f32(m + i, &first, left);
        store_f32(v + i, &second, left);
    }
}

KERNEL void ck_sgd(
    float *p, const float *gradient, float *momentum, enum ck_type type, void *working, size_t count,
    struct ck_sgd_step step
) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = count - i;
        f32v weight, g;
        load_f32(&weight, p + i, left, 0);
        load_f32(&g, gradient + i, left, 0);
        g = g * step.gradient_scale;
        g = g + step.weight_decay * weight;
        if (momentum) {
            f32v velocity = g;
            if (!step.first) {
                load_f32(&velocity, momentum + i, left, 0);
                velocity = velocity * step.momentum + step.one_minus_dampening * g;
            }
            store_f32(momentum + i, &velocity, left);
            g = step.nesterov ? g + step.momentum * velocity : velocity;
        }
        weight = weight - step.learning_rate * g;
        store_f32(p + i, &weight, left);
        store_working(type, working, i, &weight, left);
    }
}
