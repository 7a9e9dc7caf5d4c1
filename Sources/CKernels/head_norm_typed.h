// RMSNorm of each head of q or k for one storage type: see every_type.h.

static KERNEL void TYPED(head_norm)(
    const ELEMENT *x, ELEMENT *y, size_t stride, size_t rows, size_t heads, size_t head_width, const float *weight,
    float offset, float epsilon, float *statistics, size_t statistics_stride
) {
    for (size_t row = 0; row < rows; row++, x += stride, y += stride, statistics += statistics_stride) {
        for (size_t head = 0; head < heads; head++) {
            const ELEMENT *from = x + head * head_width;
            ELEMENT *to = y + head * head_width;
            f32v v, w, squares = 0;
            for (size_t i = 0; i < head_width; i += LANES) {
                TYPED(load)(&v, from + i, head_width - i, 0);
                squares += v * v;
            }
            float inverse = 1.0f / __builtin_sqrtf(lane_sum(&squares) / (float)head_width + epsilon);
            for (size_t i = 0; i < head_width; i += LANES) {
                TYPED(load)(&v, from + i, head_width - i, 0);
                load_f32(&w, weight + i, head_width - i, 0);
                v = v * inverse * (w + offset);
                TYPED(store)(to + i, &v, head_width - i);
            }
            statistics[head] = inverse;
        }
    }
}

/// dx = (g − x̂ · mean(g ∘ x̂)) / rms with g = dy ∘ (weight + offset)
static KERNEL void TYPED(head_norm_backward_input)(
    const ELEMENT *dy, const ELEMENT *x, ELEMENT *dx, size_t stride, size_t rows, size_t heads, size_t head_width,
    const float *weight, float offset, const float *statistics, size_t statistics_stride
) {
    for (size_t row = 0; row < rows; row++, dy += stride, x += stride, dx += stride, statistics += statistics_stride) {
        for (size_t head = 0; head < heads; head++) {
            size_t at = head * head_width;
            float inverse = statistics[head];
            f32v d, v, w, projected = 0;
            for (size_t i = 0; i < head_width; i += LANES) {
                TYPED(load)(&d, dy + at + i, head_width - i, 0);
                TYPED(load)(&v, x + at + i, head_width - i, 0);
                load_f32(&w, weight + i, head_width - i, 0);
                projected += d * (w + offset) * (v * inverse);
            }
            float slope = lane_sum(&projected) / (float)head_width;
            for (size_t i = 0; i < head_width; i += LANES) {
                TYPED(load)(&d, dy + at + i, head_width - i, 0);
                TYPED(load)(&v, x + at + i, head_width - i, 0);
                load_f32(&w, weight + i, head_width - i, 0);
                d = (d * (w + offset) - v * inverse * slope) * inverse;
                TYPED(store)(dx + at + i, &d, head_width - i);
            }
        }
    }
}

static KERNEL void TYPED(head_norm_backward_weight)(
    const ELEMENT *dy, const ELEMENT *x, size_t stride, size_t rows, size_t heads, size_t head_width,
    const float *statistics, size_t statistics_stride, float *dweight, size_t first, size_t width
) {
    for (size_t row = 0; row < rows; row++, dy += stride, x += stride, statistics += statistics_stride) {
        for (size_t head = 0; head < heads; head++) {
            size_t at = head * head_width + first;
            for (size_t i = 0; i < width; i += LANES) {
                f32v d, v, sum;
                TYPED(load)(&d, dy + at + i, width - i, 0);
                TYPED(load)(&v, x + at + i, width - i, 0);
                load_f32(&sum, dweight + first + i, width - i, 0);
                sum = sum + d * (v * statistics[head]);
                store_f32(dweight + first + i, &sum, width - i);
            }
        }
    }
}
