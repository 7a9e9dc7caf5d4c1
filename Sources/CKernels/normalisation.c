#include "CKernels.h"
#include "vector.h"

INLINE void load_weight(f32v *w, const float *weight, size_t left, int unit_offset) {
    load_f32(w, weight, left, 0);
    if (unit_offset) *w = *w + 1.0f;
}

#define KERNELS "normalisation_typed.h"
#include "every_type.h"

void ck_layer_norm(
    enum ck_type type, const void *x, const float *weight, const float *bias, float epsilon, void *y,
    float *statistics, size_t rows, size_t width
) {
    DISPATCH(type, layer_norm, x, weight, bias, epsilon, y, statistics, rows, width)
}

void ck_layer_norm_backward_input(
    enum ck_type type, const void *dy, const void *x, const float *weight, const float *statistics, void *dx,
    size_t rows, size_t width, int accumulate
) {
    DISPATCH(type, layer_norm_backward_input, dy, x, weight, statistics, dx, rows, width, accumulate)
}

void ck_layer_norm_backward_weight(
    enum ck_type type, const void *dy, const void *x, size_t stride, const float *statistics, float *dweight,
    float *dbias, size_t rows, size_t width
) {
    DISPATCH(type, layer_norm_backward_weight, dy, x, stride, statistics, dweight, dbias, rows, width)
}

void ck_rms_norm(
    enum ck_type type, const void *x, const float *weight, int unit_offset, float epsilon, void *y,
    float *statistics, size_t rows, size_t width
) {
    DISPATCH(type, rms_norm, x, weight, unit_offset, epsilon, y, statistics, rows, width)
}

void ck_rms_norm_backward_input(
    enum ck_type type, const void *dy, const void *x, const float *weight, int unit_offset,
    const float *statistics, void *dx, size_t rows, size_t width, int accumulate
) {
    DISPATCH(type, rms_norm_backward_input, dy, x, weight, unit_offset, statistics, dx, rows, width, accumulate)
}

void ck_rms_norm_backward_weight(
    enum ck_type type, const void *dy, const void *x, size_t stride, const float *statistics, float *dweight,
    size_t rows, size_t width
) {
    DISPATCH(type, rms_norm_backward_weight, dy, x, stride, statistics, dweight, rows, width)
}
