// Attention's rows for one storage type of what the products read: see every_type.h.

/// Zeros where a row sees nothing, but for the vectors that hold keys `start` and `end - 1`.
INLINE void TYPED(clear_row)(ELEMENT *row, size_t start, size_t end, size_t keys) {
    const f32v zero = 0;
    for (size_t i = 0; i + LANES <= start; i += LANES) TYPED(store)(row + i, &zero, LANES);
    for (size_t i = (end + LANES - 1) / LANES * LANES; i < keys; i += LANES) TYPED(store)(row + i, &zero, LANES);
}

static KERNEL void TYPED(softmax_rows)(
    float *scores, ELEMENT *exponentials, size_t stride, size_t rows, struct ck_mask mask, float scale, float *inverse,
    float *log_sum_exp
) {
    for (size_t row = 0; row < rows; row++, scores += stride, exponentials += stride) {
        size_t start = seen_start(&mask, row), end = seen_end(&mask, row), first = start / LANES * LANES;
        f32v v, top = -INFINITY, total = 0;
        for (size_t i = first; i < end; i += LANES) {
            load_row(&v, scores, i, start, end, -INFINITY);
            top = v > top ? v : top;
        }
        float max = lane_max(&top) * scale;
        for (size_t i = first; i < end; i += LANES) {
            load_row(&v, scores, i, start, end, -INFINITY);
            v = v * scale - max;
            vector_exp(&v);
            total += v;
            TYPED(store)(exponentials + i, &v, LANES);
        }
        TYPED(clear_row)(exponentials, start, end, mask.keys);
        float sum = lane_sum(&total);
        inverse[row] = 1.0f / sum;
        log_sum_exp[row] = max + logf(sum);
    }
}

static KERNEL void TYPED(scale_rows)(
    const float *x, ELEMENT *y, size_t y_stride, size_t rows, size_t width, const float *factors
) {
    for (size_t row = 0; row < rows; row++, x += width, y += y_stride) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v v;
            load_f32(&v, x + i, width - i, 0);
            v = v * factors[row];
            TYPED(store)(y + i, &v, width - i);
        }
    }
}

static KERNEL void TYPED(row_dots)(
    const ELEMENT *a, const ELEMENT *b, size_t stride, size_t rows, size_t width, float *dots
) {
    for (size_t row = 0; row < rows; row++, a += stride, b += stride) {
        f32v p, q, total = 0;
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&p, a + i, width - i, 0);
            TYPED(load)(&q, b + i, width - i, 0);
            total += p * q;
        }
        dots[row] = lane_sum(&total);
    }
}

static KERNEL void TYPED(attention_backward_rows)(
    const float *scores, const float *dp, ELEMENT *p, ELEMENT *ds, size_t stride, size_t rows, struct ck_mask mask,
    float scale, const float *log_sum_exp, const float *delta
) {
    for (size_t row = 0; row < rows; row++, scores += stride, dp += stride, p += stride, ds += stride) {
        size_t start = seen_start(&mask, row), end = seen_end(&mask, row);
        for (size_t i = start / LANES * LANES; i < end; i += LANES) {
            f32v v, d;
            load_row(&v, scores, i, start, end, -INFINITY);
            load_row(&d, dp, i, start, end, 0);
            v = v * scale - log_sum_exp[row];
            vector_exp(&v);
            d = v * (d - delta[row]) * scale;
            TYPED(store)(p + i, &v, LANES);
            TYPED(store)(ds + i, &d, LANES);
        }
        TYPED(clear_row)(p, start, end, mask.keys);
        TYPED(clear_row)(ds, start, end, mask.keys);
    }
}

/// Rows of q, or of a sum of values, that are computed together.
#define TOGETHER 4

INLINE void TYPED(few_scores)(
    const ELEMENT *q, size_t q_stride, const ELEMENT *k, size_t k_stride, float *scores, size_t stride, size_t rows,
    size_t keys, size_t width
) {
    for (size_t key = 0; key < keys; key++, k += k_stride) {
        f32v a, b, sum[TOGETHER];
        for (size_t r = 0; r < rows; r++) sum[r] = 0;
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&b, k + i, width - i, 0);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < rows; r++) {
                TYPED(load)(&a, q + r * q_stride + i, width - i, 0);
                sum[r] += a * b;
            }
        }
        for (size_t r = 0; r < rows; r++) scores[r * stride + key] = lane_sum(&sum[r]);
    }
}

static KERNEL void TYPED(position_scores)(
    const ELEMENT *q, size_t q_stride, const ELEMENT *k, size_t k_stride, float *scores, size_t stride, size_t rows,
    size_t keys, size_t width
) {
    size_t row = 0;
    for (; row + TOGETHER <= rows; row += TOGETHER, q += TOGETHER * q_stride, scores += TOGETHER * stride) {
        TYPED(few_scores)(q, q_stride, k, k_stride, scores, stride, TOGETHER, keys, width);
    }
    switch (rows - row) {
    case 3: TYPED(few_scores)(q, q_stride, k, k_stride, scores, stride, 3, keys, width); break;
    case 2: TYPED(few_scores)(q, q_stride, k, k_stride, scores, stride, 2, keys, width); break;
    case 1: TYPED(few_scores)(q, q_stride, k, k_stride, scores, stride, 1, keys, width); break;
    }
}

/// Two vectors of columns at a time.
INLINE void TYPED(few_mixes)(
    const float *p, size_t p_stride, const ELEMENT *v, size_t v_stride, float *y, size_t rows, size_t keys,
    size_t width
) {
    for (size_t i = 0; i < width; i += 2 * LANES) {
        size_t left = width - i, rest = left > LANES ? left - LANES : 0;
        f32v low, high = 0, sum[TOGETHER], more[TOGETHER];
        for (size_t r = 0; r < rows; r++) sum[r] = more[r] = 0;
        for (size_t key = 0; key < keys; key++) {
            TYPED(load)(&low, v + key * v_stride + i, left, 0);
            if (rest) TYPED(load)(&high, v + key * v_stride + i + LANES, rest, 0);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < rows; r++) {
                sum[r] += p[r * p_stride + key] * low;
                more[r] += p[r * p_stride + key] * high;
            }
        }
        for (size_t r = 0; r < rows; r++) {
            store_f32(y + r * width + i, &sum[r], left);
            if (rest) store_f32(y + r * width + i + LANES, &more[r], rest);
        }
    }
}

static KERNEL void TYPED(position_mix)(
    const float *p, size_t p_stride, const ELEMENT *v, size_t v_stride, float *y, size_t rows, size_t keys, size_t width
) {
    size_t row = 0;
    for (; row + TOGETHER <= rows; row += TOGETHER, p += TOGETHER * p_stride, y += TOGETHER * width) {
        TYPED(few_mixes)(p, p_stride, v, v_stride, y, TOGETHER, keys, width);
    }
    switch (rows - row) {
    case 3: TYPED(few_mixes)(p, p_stride, v, v_stride, y, 3, keys, width); break;
    case 2: TYPED(few_mixes)(p, p_stride, v, v_stride, y, 2, keys, width); break;
    case 1: TYPED(few_mixes)(p, p_stride, v, v_stride, y, 1, keys, width); break;
    }
}
#undef TOGETHER
