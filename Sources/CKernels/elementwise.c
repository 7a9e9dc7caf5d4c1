#include "CKernels.h"
#include "vector.h"

// 2√(2/π) and 0.044715 times that: gelu's tanh form is x · sigmoid(x·(A + B·x²)), since (1 + tanh u)/2 = sigmoid(2u).
#define GELU_A 1.5957691216057308f
#define GELU_B 0.07135481627159973f

INLINE void gelu_tanh(f32v *x) {
    f32v s = *x * (GELU_A + GELU_B * (*x * *x));
    vector_sigmoid(&s);
    *x = *x * s;
}

INLINE void gelu_tanh_slope(f32v *x) {
    f32v z = *x * *x;
    f32v s = *x * (GELU_A + GELU_B * z);
    vector_sigmoid(&s);
    *x = s + (*x * s) * ((1.0f - s) * (GELU_A + (3 * GELU_B) * z));
}

INLINE void gelu_erf(f32v *x) {
    f32v cdf = *x;
    vector_normal_cdf(&cdf);
    *x = *x * cdf;
}

INLINE void gelu_erf_slope(f32v *x) {
    f32v cdf = *x;
    vector_normal_cdf(&cdf);
    f32v density = (*x * *x) * -0.5f;
    vector_exp(&density);
    *x = cdf + *x * (density * 0.3989422804014327f);
}

INLINE void relu(f32v *x) { *x = *x < 0.0f ? (f32v)0 : *x; }

INLINE void relu_slope(f32v *x) { *x = *x > 0.0f ? (f32v)1 : (f32v)0; }

INLINE void silu(f32v *x) {
    f32v s = *x;
    vector_sigmoid(&s);
    *x = *x * s;
}

INLINE void silu_slope(f32v *x) {
    f32v s = *x;
    vector_sigmoid(&s);
    *x = s + (*x * s) * (1.0f - s);
}

INLINE void tanh_slope(f32v *x) {
    vector_tanh(x);
    *x = 1.0f - *x * *x;
}

INLINE void sigmoid_slope(f32v *x) {
    vector_sigmoid(x);
    *x = *x * (1.0f - *x);
}

#define KERNELS "elementwise_typed.h"
#include "every_type.h"

void ck_add(enum ck_type type, const void *a, const void *b, void *y, size_t count) {
    DISPATCH(type, add, a, b, y, count)
}

void ck_add_scaled(enum ck_type type, const void *a, const void *x, float factor, void *y, size_t count) {
    DISPATCH(type, add_scaled, a, x, factor, y, count)
}

void ck_scale(enum ck_type type, const void *x, float factor, void *y, size_t count) {
    DISPATCH(type, scale, x, factor, y, count)
}

void ck_add_bias(enum ck_type type, const void *x, const float *bias, void *y, size_t rows, size_t width) {
    DISPATCH(type, add_bias, x, bias, y, rows, width)
}

void ck_activate(enum ck_type type, enum ck_activation kind, const void *x, void *y, size_t count) {
    DISPATCH(type, activate, (int)kind, x, y, count)
}

void ck_activate_backward(
    enum ck_type type, enum ck_activation kind, const void *x, const void *dy, void *dx, size_t count
) {
    DISPATCH(type, activate_backward, (int)kind, x, dy, dx, count)
}

void ck_gate(
    enum ck_type type, enum ck_activation kind, const void *gate, const void *up, void *y, size_t count
) {
    DISPATCH(type, gate, (int)kind, gate, up, y, count)
}

void ck_gate_backward(
    enum ck_type type, enum ck_activation kind, const void *gate, const void *up, const void *dy, void *dgate,
    void *dup, size_t count
) {
    DISPATCH(type, gate_backward, (int)kind, gate, up, dy, dgate, dup, count)
}

void ck_softcap(enum ck_type type, const void *x, float cap, void *y, size_t count) {
    DISPATCH(type, softcap, x, cap, y, count)
}

void ck_softcap_backward(
    enum ck_type type, const void *x, const void *dy, float cap, void *dx, size_t count
) {
    DISPATCH(type, softcap_backward, x, dy, cap, dx, count)
}

#define MAP(f)                                    \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v;                                   \
        load_f32(&v, x + i, count - i, 0);        \
        f(&v);                                    \
        store_f32(y + i, &v, count - i);          \
    }

KERNEL void ck_exp(const float *x, float *y, size_t count) { MAP(vector_exp) }

KERNEL void ck_erf(const float *x, float *y, size_t count) { MAP(vector_erf) }
