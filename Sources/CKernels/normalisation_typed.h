// Normalisation for one storage type: see every_type.h. Each row stays in the first-level cache between the short passes
// over it.

static KERNEL void TYPED(layer_norm)(
    const ELEMENT *x, const float *weight, const float *bias, float epsilon, ELEMENT *y, float *statistics,
    size_t rows, size_t width
) {
    for (size_t row = 0; row < rows; row++, x += width, y += width) {
        f32v v, total = 0, squares = 0;
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&v, x + i, width - i, 0);
            total += v;
        }
        float mean = lane_sum(&total) / (float)width;
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&v, x + i, width - i, mean);
            v = v - mean;
            squares += v * v;
        }
        float inverse = 1.0f / __builtin_sqrtf(lane_sum(&squares) / (float)width + epsilon);
        for (size_t i = 0; i < width; i += LANES) {
            f32v w, b = 0;
            TYPED(load)(&v, x + i, width - i, 0);
            load_f32(&w, weight + i, width - i, 0);
            if (bias) load_f32(&b, bias + i, width - i, 0);
            v = (v - mean) * inverse * w + b;
            TYPED(store)(y + i, &v, width - i);
        }
        statistics[2 * row] = mean;
        statistics[2 * row + 1] = inverse;
    }
}

/// dx (+)= (g − mean(g) − x̂ · mean(g ∘ x̂)) / σ with g = dy ∘ weight; without `centred`, mean(g) is left out.
INLINE void TYPED(backward_row)(
    const ELEMENT *dy, const ELEMENT *x, const float *weight, int unit_offset, float mean, float inverse, ELEMENT *dx,
    size_t width, int accumulate, int centred
) {
    f32v d, v, w, plain = 0, projected = 0;
    for (size_t i = 0; i < width; i += LANES) {
        TYPED(load)(&d, dy + i, width - i, 0);
        load_weight(&w, weight + i, width - i, unit_offset);
        TYPED(load)(&v, x + i, width - i, mean);
        d = d * w;
        if (centred) plain += d;
        projected += d * ((v - mean) * inverse);
    }
    float shift = centred ? lane_sum(&plain) / (float)width : 0;
    float slope = lane_sum(&projected) / (float)width;
    for (size_t i = 0; i < width; i += LANES) {
        f32v old = 0;
        TYPED(load)(&d, dy + i, width - i, 0);
        load_weight(&w, weight + i, width - i, unit_offset);
        TYPED(load)(&v, x + i, width - i, mean);
        if (accumulate) TYPED(load)(&old, dx + i, width - i, 0);
        d = (d * w - shift) - ((v - mean) * inverse) * slope;
        d = d * inverse + old;
        TYPED(store)(dx + i, &d, width - i);
    }
}

static KERNEL void TYPED(layer_norm_backward_input)(
    const ELEMENT *dy, const ELEMENT *x, const float *weight, const float *statistics, ELEMENT *dx, size_t rows,
    size_t width, int accumulate
) {
    for (size_t row = 0; row < rows; row++) {
        const float *s = statistics + 2 * row;
        size_t at = row * width;
        TYPED(backward_row)(dy + at, x + at, weight, 0, s[0], s[1], dx + at, width, accumulate, 1);
    }
}

static KERNEL void TYPED(layer_norm_backward_weight)(
    const ELEMENT *dy, const ELEMENT *x, size_t stride, const float *statistics, float *dweight, float *dbias,
    size_t rows, size_t width
) {
    for (size_t row = 0; row < rows; row++, x += stride, dy += stride) {
        float mean = statistics[2 * row], inverse = statistics[2 * row + 1];
        for (size_t i = 0; i < width; i += LANES) {
            f32v d, v, sum;
            TYPED(load)(&d, dy + i, width - i, 0);
            TYPED(load)(&v, x + i, width - i, 0);
            load_f32(&sum, dweight + i, width - i, 0);
            sum = sum + d * ((v - mean) * inverse);
            store_f32(dweight + i, &sum, width - i);
            if (dbias) {
                load_f32(&sum, dbias + i, width - i, 0);
                sum = sum + d;
                store_f32(dbias + i, &sum, width - i);
            }
        }
    }
}

static KERNEL void TYPED(rms_norm)(
    const ELEMENT *x, const float *weight, int unit_offset, float epsilon, ELEMENT *y, float *statistics, size_t rows,
    size_t width
) {
    for (size_t row = 0; row < rows; row++, x += width, y += width) {
        f32v v, w, squares = 0;
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&v, x + i, width - i, 0);
            squares += v * v;
        }
        float inverse = 1.0f / __builtin_sqrtf(lane_sum(&squares) / (float)width + epsilon);
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&v, x + i, width - i, 0);
            load_weight(&w, weight + i, width - i, unit_offset);
            v = v * inverse * w;
            TYPED(store)(y + i, &v, width - i);
        }
        statistics[row] = inverse;
    }
}

static KERNEL void TYPED(rms_norm_backward_input)(
    const ELEMENT *dy, const ELEMENT *x, const float *weight, int unit_offset, const float *statistics, ELEMENT *dx,
    size_t rows, size_t width, int accumulate
) {
    for (size_t row = 0; row < rows; row++) {
        size_t at = row * width;
        TYPED(backward_row)(dy + at, x + at, weight, unit_offset, 0, statistics[row], dx + at, width, accumulate, 0);
    }
}

static KERNEL void TYPED(rms_norm_backward_weight)(
    const ELEMENT *dy, const ELEMENT *x, size_t stride, const float *statistics, float *dweight, size_t rows,
    size_t width
) {
    for (size_t row = 0; row < rows; row++, x += stride, dy += stride) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v d, v, sum;
            TYPED(load)(&d, dy + i, width - i, 0);
            TYPED(load)(&v, x + i, width - i, 0);
            load_f32(&sum, dweight + i, width - i, 0);
            sum = sum + d * (v * statistics[row]);
            store_f32(dweight + i, &sum, width - i);
        }
    }
}
