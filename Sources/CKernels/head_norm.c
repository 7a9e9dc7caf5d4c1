#include "CKernels.h"
#include "vector.h"

#define KERNELS "head_norm_typed.h"
#include "every_type.h"

void ck_head_norm(
    enum ck_type type, const void *x, void *y, size_t stride, size_t rows, size_t heads, size_t head_width,
    const float *weight, float offset, float epsilon, float *statistics, size_t statistics_stride
) {
    DISPATCH(
        type, head_norm, x, y, stride, rows, heads, head_width, weight, offset, epsilon, statistics, statistics_stride)
}

void ck_head_norm_backward_input(
    enum ck_type type, const void *dy, const void *x, void *dx, size_t stride, size_t rows, size_t heads,
    size_t head_width, const float *weight, float offset, const float *statistics, size_t statistics_stride
) {
    DISPATCH(
        type, head_norm_backward_input, dy, x, dx, stride, rows, heads, head_width, weight, offset, statistics,
        statistics_stride)
}

void ck_head_norm_backward_weight(
    enum ck_type type, const void *dy, const void *x, size_t stride, size_t rows, size_t heads, size_t head_width,
    const float *statistics, size_t statistics_stride, float *dweight, size_t first, size_t width
) {
    DISPATCH(
        type, head_norm_backward_weight, dy, x, stride, rows, heads, head_width, statistics, statistics_stride, dweight,
        first, width)
}
