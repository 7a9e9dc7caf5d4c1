#include "CKernels.h"
#include "vector.h"

/// Where row `row` stops seeing keys, and where it begins to.
INLINE size_t seen_end(const struct ck_mask *m, size_t row) {
    size_t end = m->seen == 0 ? m->keys : m->seen + row;
    end = end < m->prefix ? m->prefix : end;
    return end < m->keys ? end : m->keys;
}

INLINE size_t seen_start(const struct ck_mask *m, size_t row) {
    return m->window == 0 || m->seen + row <= m->window ? 0 : m->seen + row - m->window;
}

// Rows of scores begin `stride` apart, whole vectors, so that the last vector of a row is read and written whole; lanes
// past the row's end may hold anything.

INLINE void load_row(f32v *v, const float *row, size_t i, size_t start, size_t end, float absent) {
    const i32v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    *v = LOAD(row + i);
    if (__builtin_expect(i < start, 0)) *v = lane >= (int32_t)(start - i) ? *v : (f32v)absent;
    if (__builtin_expect(i + LANES > end, 0)) keep_lanes(v, end - i, absent);
}

#define KERNELS "attention_typed.h"
#include "every_type.h"

void ck_softmax_rows(
    enum ck_type type, float *scores, void *exponentials, size_t stride, size_t rows, struct ck_mask mask, float scale,
    float *inverse, float *log_sum_exp
) {
    DISPATCH(
        type, softmax_rows, scores, exponentials, stride, rows, mask, scale, inverse, log_sum_exp)
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
    enum ck_type type, const float *scores, const float *dp, void *p, void *ds, size_t stride, size_t rows,
    struct ck_mask mask, float scale, const float *log_sum_exp, const float *delta
) {
    DISPATCH(
        type, attention_backward_rows, scores, dp, p, ds, stride, rows, mask, scale, log_sum_exp, delta)
}

KERNEL void ck_add_rows(const float *x, size_t x_stride, float *y, size_t y_stride, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v v, sum;
            load_f32(&v, x + i, width - i, 0);
            load_f32(&sum, y + i, width - i, 0);
            sum = sum + v;
            store_f32(y + i, &sum, width - i);
        }
    }
}

void ck_position_scores(
    enum ck_type type, const void *q, size_t q_stride, const void *k, size_t k_stride, float *scores, size_t stride,
    size_t rows, size_t keys, size_t width
) {
    DISPATCH(type, position_scores, q, q_stride, k, k_stride, scores, stride, rows, keys, width)
}

void ck_position_mix(
    enum ck_type type, const float *p, size_t p_stride, const void *v, size_t v_stride, float *y, size_t rows,
    size_t keys, size_t width
) {
    DISPATCH(type, position_mix, p, p_stride, v, v_stride, y, rows, keys, width)
}
