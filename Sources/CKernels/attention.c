#include "CKernels.h"
#include "vector.h"

INLINE size_t visible(size_t row, size_t keys, size_t seen) {
    return seen == 0 || seen + row > keys ? keys : seen + row;
}

// Rows of scores begin `stride` apart, whole vectors, so that the last vector of a row is read and written whole; lanes
// past the row's end may hold anything.

INLINE void load_row(f32v *v, const float *row, size_t i, size_t count, float absent) {
    *v = LOAD(row + i);
    keep_lanes(v, count - i, absent);
}

#define KERNELS "attention_typed.h"
#include "every_type.h"

void ck_softmax_rows(
    enum ck_type type, float *scores, void *exponentials, size_t stride, size_t rows, size_t keys, size_t seen,
    float scale, float *inverse, float *log_sum_exp
) {
    DISPATCH(
        type, softmax_rows, scores, exponentials, stride, rows, keys, seen, scale, inverse, log_sum_exp)
}

void ck_scale_rows(
    enum ck_type type, const float *x, void *y, size_t y_stride, size_t rows, size_t width, const float *factors
) {
    DISPATCH(type, scale_rows, x, y, y_stride, rows, width, factors)
}

void ck_row_dots(
    enum ck_type type, const void *a, const void *b, size_t stride, size_t rows, size_t width, float *dots
) {
    DISPATCH(type, row_dots, a, b, stride, rows, width, dots)
}

void ck_attention_backward_rows(
    enum ck_type type, const float *scores, const float *dp, void *p, void *ds, size_t stride, size_t rows, size_t keys,
    size_t seen, float scale, const float *log_sum_exp, const float *delta
) {
    DISPATCH(
        type, attention_backward_rows, scores, dp, p, ds, stride, rows, keys, seen, scale, log_sum_exp, delta)
}
