#include "CKernels.h"
#include "vector.h"

#define MAX_BLOCKS 256

/// logits := softmax · factor, in two passes over memory: each block of the row is exponentiated against its own
/// maximum while it is in the first-level cache, and rescaled to the row's in the second pass. Returns ln Σ eˣ.
INLINE float softmax_row(float *logits, size_t classes, float factor) {
    float block_max[MAX_BLOCKS], block_sum[MAX_BLOCKS];
    size_t size = (classes + MAX_BLOCKS - 1) / MAX_BLOCKS;
    size = (size + LANES - 1) / LANES * LANES;
    if (size < 1024) size = 1024;
    size_t blocks = 0;
    float max = -INFINITY;
    for (size_t start = 0; start < classes; start += size, blocks++) {
        size_t end = start + size < classes ? start + size : classes;
        f32v v, top = -INFINITY, total = 0;
        for (size_t i = start; i < end; i += LANES) {
            load(&v, logits + i, end - i, -INFINITY);
            top = v > top ? v : top;
        }
        float peak = lane_max(&top);
        // A block of −∞ alone counts for nothing; −∞ − −∞ would be NaN.
        float base = peak == -INFINITY ? 0 : peak;
        for (size_t i = start; i < end; i += LANES) {
            load(&v, logits + i, end - i, -INFINITY);
            v = v - base;
            vector_exp(&v);
            total += v;
            store(logits + i, &v, end - i);
        }
        block_max[blocks] = base;
        block_sum[blocks] = lane_sum(&total);
        max = peak > max ? peak : max;
    }
    float sum = 0;
    for (size_t b = 0; b < blocks; b++) {
        block_max[b] = expf(block_max[b] - max);
        sum += block_sum[b] * block_max[b];
    }
    for (size_t b = 0, start = 0; b < blocks; b++, start += size) {
        size_t end = start + size < classes ? start + size : classes;
        float scale = block_max[b] * (factor / sum);
        for (size_t i = start; i < end; i += LANES) {
            f32v v;
            load(&v, logits + i, end - i, 0);
            v = v * scale;
            store(logits + i, &v, end - i);
        }
    }
    return max + logf(sum);
}

KERNEL void ck_cross_entropy(
    float *logits, const int32_t *targets, int64_t ignored, int64_t normaliser, float *row_losses, size_t rows,
    size_t classes
) {
    float factor = normaliser > 0 ? (float)(1.0 / (double)normaliser) : 0;
    for (size_t row = 0; row < rows; row++, logits += classes) {
        row_losses[row] = 0;
        if (targets[row] == ignored || normaliser <= 0) {
            memset(logits, 0, classes * sizeof(float));
            continue;
        }
        float target = logits[targets[row]];
        row_losses[row] = softmax_row(logits, classes, factor) - target;
        logits[targets[row]] -= factor;
    }
}

KERNEL void ck_mean_squared_error(
    float *prediction, const float *targets, int64_t normaliser, float *row_losses, size_t rows, size_t width
) {
    float factor = normaliser > 0 ? (float)(2.0 / (double)normaliser) : 0;
    for (size_t row = 0; row < rows; row++, prediction += width, targets += width) {
        f32v x, t, total = 0;
        for (size_t i = 0; i < width; i += LANES) {
            load(&x, prediction + i, width - i, 0);
            load(&t, targets + i, width - i, 0);
            x = x - t;
            total += x * x;
            x = normaliser > 0 ? x * factor : (f32v)0;
            store(prediction + i, &x, width - i);
        }
        row_losses[row] = normaliser > 0 ? lane_sum(&total) : 0;
    }
}
