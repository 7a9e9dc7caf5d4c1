#include "CKernels.h"
#include "vector.h"

KERNEL void ck_add(const float *a, const float *b, float *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v p, q;
        load(&p, a + i, count - i, 0);
        load(&q, b + i, count - i, 0);
        p = p + q;
        store(y + i, &p, count - i);
    }
}

KERNEL void ck_add_bias(const float *x, const float *bias, float *y, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v p = 0, q;
            if (x) load(&p, x + row * width + i, width - i, 0);
            load(&q, bias + i, width - i, 0);
            p = p + q;
            store(y + row * width + i, &p, width - i);
        }
    }
}

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

#define MAP(f)                                    \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v;                                   \
        load(&v, x + i, count - i, 0);            \
        f(&v);                                    \
        store(y + i, &v, count - i);              \
    }                                             \
    break;

KERNEL void ck_activate(int kind, const float *x, float *y, size_t count) {
    switch (kind) {
    case CK_GELU_TANH: MAP(gelu_tanh)
    case CK_GELU_ERF: MAP(gelu_erf)
    case CK_RELU: MAP(relu)
    case CK_SILU: MAP(silu)
    case CK_TANH: MAP(vector_tanh)
    case CK_SIGMOID: MAP(vector_sigmoid)
    }
}

#define MAP_SLOPE(f)                              \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v, d;                                \
        load(&v, x + i, count - i, 0);            \
        load(&d, dy + i, count - i, 0);           \
        f(&v);                                    \
        d = d * v;                                \
        store(dx + i, &d, count - i);             \
    }                                             \
    break;

KERNEL void ck_activate_backward(int kind, const float *x, const float *dy, float *dx, size_t count) {
    switch (kind) {
    case CK_GELU_TANH: MAP_SLOPE(gelu_tanh_slope)
    case CK_GELU_ERF: MAP_SLOPE(gelu_erf_slope)
    case CK_RELU: MAP_SLOPE(relu_slope)
    case CK_SILU: MAP_SLOPE(silu_slope)
    case CK_TANH: MAP_SLOPE(tanh_slope)
    case CK_SIGMOID: MAP_SLOPE(sigmoid_slope)
    }
}

KERNEL void ck_exp(const float *x, float *y, size_t count) {
    do { MAP(vector_exp) } while (0);
}

KERNEL void ck_erf(const float *x, float *y, size_t count) {
    do { MAP(vector_erf) } while (0);
}
