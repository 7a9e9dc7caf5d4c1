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
