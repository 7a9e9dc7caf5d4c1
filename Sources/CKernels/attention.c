#include "CKernels.h"
#include "vector.h"

INLINE size_t visible(size_t row, size_t keys, size_t seen) {
    return seen == 0 || seen + row > keys ? keys : seen + row;
}

// Rows of scores begin `stride` apart, whole vectors, so that the last vector of a row is read and written whole; lanes
// past the row's end may hold anything.

INLINE void load_row(f32v *v, const float *row, size_t i, size_t count, float absent) {
    const i32v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    *v = LOAD(row + i);
    *v = lane < (int32_t)(count - i) ? *v : (f32v)absent;
}

/// Zeros from the first vector after `count` elements to the one that holds the last key.
INLINE void clear_row(float *row, size_t count, size_t keys) {
    for (size_t i = (count + LANES - 1) / LANES * LANES; i < keys; i += LANES) STORE(row + i, (f32v)0);
}

KERNEL void ck_softmax_rows(
    float *scores, size_t stride, size_t rows, size_t keys, size_t seen, float *inverse, float *log_sum_exp
) {
    for (size_t row = 0; row < rows; row++, scores += stride) {
        size_t count = visible(row, keys, seen);
        f32v v, top = -INFINITY, total = 0;
        for (size_t i = 0; i < count; i += LANES) {
            load_row(&v, scores, i, count, -INFINITY);
            top = v > top ? v : top;
        }
        float max = lane_max(&top);
        for (size_t i = 0; i < count; i += LANES) {
            load_row(&v, scores, i, count, -INFINITY);
            v = v - max;
            vector_exp(&v);
            total += v;
            STORE(scores + i, v);
        }
        clear_row(scores, count, keys);
        float sum = lane_sum(&total);
        inverse[row] = 1.0f / sum;
        log_sum_exp[row] = max + logf(sum);
    }
}

KERNEL void ck_scale_rows(float *x, size_t stride, size_t rows, size_t width, const float *factors) {
    for (size_t row = 0; row < rows; row++, x += stride) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v v;
            load_f32(&v, x + i, width - i, 0);
            v = v * factors[row];
            store_f32(x + i, &v, width - i);
        }
    }
}

KERNEL void ck_row_dots(
    const float *a, size_t a_stride, const float *b, size_t b_stride, size_t rows, size_t width, float *dots
) {
    for (size_t row = 0; row < rows; row++, a += a_stride, b += b_stride) {
        f32v p, q, total = 0;
        for (size_t i = 0; i < width; i += LANES) {
            load_f32(&p, a + i, width - i, 0);
            load_f32(&q, b + i, width - i, 0);
            total += p * q;
        }
        dots[row] = lane_sum(&total);
    }
}

KERNEL void ck_attention_backward_rows(
    float *scores, float *dp, size_t stride, size_t rows, size_t keys, size_t seen, const float *log_sum_exp,
    const float *delta
) {
    for (size_t row = 0; row < rows; row++, scores += stride, dp += stride) {
        size_t count = visible(row, keys, seen);
        for (size_t i = 0; i < count; i += LANES) {
            f32v p, d;
            load_row(&p, scores, i, count, -INFINITY);
            load_row(&d, dp, i, count, 0);
            p = p - log_sum_exp[row];
            vector_exp(&p);
            d = p * (d - delta[row]);
            STORE(scores + i, p);
            STORE(dp + i, d);
        }
        clear_row(scores, count, keys);
        clear_row(dp, count, keys);
    }
}
