// Losses for one storage type of the prediction: see every_type.h.

/// logits := softmax · factor; returns ln Σ eˣ. In two passes over memory, each over blocks of the row that stay in the
/// first-level cache. f32 keeps each block's exponentials against its own maximum and rescales them to the row's in the
/// second pass; a shorter type would round them twice, and computes them again.
INLINE float TYPED(softmax_row)(ELEMENT *logits, size_t classes, float factor) {
    float block_max[MAX_BLOCKS], block_sum[MAX_BLOCKS];
    size_t size = block_size(classes), blocks = 0;
    float max = -INFINITY;
    for (size_t start = 0; start < classes; start += size, blocks++) {
        size_t end = start + size < classes ? start + size : classes;
        f32v v, top = -INFINITY, total = 0;
        for (size_t i = start; i < end; i += LANES) {
            TYPED(load)(&v, logits + i, end - i, -INFINITY);
            top = v > top ? v : top;
        }
        float peak = lane_max(&top);
        // A block of −∞ alone counts for nothing; −∞ − −∞ would be NaN.
        float base = peak == -INFINITY ? 0 : peak;
        for (size_t i = start; i < end; i += LANES) {
            TYPED(load)(&v, logits + i, end - i, -INFINITY);
            v = v - base;
            vector_exp(&v);
            total += v;
            if (IS_F32) TYPED(store)(logits + i, &v, end - i);
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
        float scale = IS_F32 ? block_max[b] * (factor / sum) : factor / sum;
        for (size_t i = start; i < end; i += LANES) {
            f32v v;
            TYPED(load)(&v, logits + i, end - i, 0);
            if (!IS_F32) {
                v = v - max;
                vector_exp(&v);
            }
            v = v * scale;
            TYPED(store)(logits + i, &v, end - i);
        }
    }
    return max + logf(sum);
}

/// The gradient of a row's own target: factor · (p − 1), from p's rounded product in f32, from the loss −ln p elsewhere.
INLINE void TYPED(subtract_target)(ELEMENT *logit, float factor, float loss) {
    f32v v;
    TYPED(load)(&v, logit, 1, 0);
    v = IS_F32 ? v - factor : (f32v)(factor * expm1f(-loss));
    TYPED(store)(logit, &v, 1);
}

static KERNEL void TYPED(cross_entropy)(
    ELEMENT *logits, const int32_t *targets, int64_t ignored, int64_t normaliser, double scale, float *row_losses,
    size_t rows, size_t classes
) {
    float factor = normaliser > 0 ? (float)(scale / (double)normaliser) : 0;
    for (size_t row = 0; row < rows; row++, logits += classes) {
        row_losses[row] = 0;
        if (targets[row] == ignored || normaliser <= 0) {
            memset(logits, 0, classes * sizeof(ELEMENT));
            continue;
        }
        f32v target;
        TYPED(load)(&target, logits + targets[row], 1, 0);
        float loss = TYPED(softmax_row)(logits, classes, factor) - target[0];
        TYPED(subtract_target)(logits + targets[row], factor, loss);
        row_losses[row] = loss;
    }
}

static KERNEL void TYPED(cross_entropy_part)(
    const ELEMENT *logits, const int32_t *targets, int64_t first, float *parts, size_t rows, size_t classes
) {
    size_t size = block_size(classes);
    for (size_t row = 0; row < rows; row++, logits += classes, parts += 3) {
        f32v v, top = -INFINITY;
        for (size_t i = 0; i < classes; i += LANES) {
            TYPED(load)(&v, logits + i, classes - i, -INFINITY);
            top = v > top ? v : top;
        }
        float max = lane_max(&top), sum = 0;
        float base = max == -INFINITY ? 0 : max;
        for (size_t start = 0; start < classes; start += size) {
            size_t end = start + size < classes ? start + size : classes;
            f32v total = 0;
            for (size_t i = start; i < end; i += LANES) {
                TYPED(load)(&v, logits + i, end - i, -INFINITY);
                v = v - base;
                vector_exp(&v);
                total += v;
            }
            sum += lane_sum(&total);
        }
        parts[0] = base;
        parts[1] = sum;
        parts[2] = 0;
        int64_t target = targets[row] - first;
        if (target >= 0 && target < (int64_t)classes) {
            TYPED(load)(&v, logits + target, 1, 0);
            parts[2] = v[0];
        }
    }
}

static KERNEL void TYPED(cross_entropy_joined)(
    ELEMENT *logits, const int32_t *targets, int64_t first, const float *parts, size_t shards, size_t shard_row,
    int64_t ignored, int64_t normaliser, double scale, float *row_losses, size_t rows, size_t classes
) {
    float factor = normaliser > 0 ? (float)(scale / (double)normaliser) : 0;
    for (size_t row = 0; row < rows; row++, logits += classes, parts += 3) {
        row_losses[row] = 0;
        if (targets[row] == ignored || normaliser <= 0) {
            memset(logits, 0, classes * sizeof(ELEMENT));
            continue;
        }
        float max = -INFINITY, sum = 0, target = 0;
        for (size_t s = 0; s < shards; s++) max = parts[s * shard_row] > max ? parts[s * shard_row] : max;
        for (size_t s = 0; s < shards; s++) {
            const float *part = parts + s * shard_row;
            sum += part[1] * expf(part[0] - max);
            target += part[2];
        }
        float loss = max + logf(sum) - target, share = factor / sum;
        for (size_t i = 0; i < classes; i += LANES) {
            f32v v;
            TYPED(load)(&v, logits + i, classes - i, 0);
            v = v - max;
            vector_exp(&v);
            v = v * share;
            TYPED(store)(logits + i, &v, classes - i);
        }
        int64_t own = targets[row] - first;
        if (own >= 0 && own < (int64_t)classes) TYPED(subtract_target)(logits + own, factor, loss);
        row_losses[row] = loss;
    }
}

static KERNEL void TYPED(mean_squared_error)(
    ELEMENT *prediction, const float *targets, int64_t normaliser, double scale, float *row_losses, size_t rows,
    size_t width
) {
    float factor = normaliser > 0 ? (float)(2.0 * scale / (double)normaliser) : 0;
    for (size_t row = 0; row < rows; row++, prediction += width, targets += width) {
        f32v x, t, total = 0;
        for (size_t i = 0; i < width; i += LANES) {
            TYPED(load)(&x, prediction + i, width - i, 0);
            load_f32(&t, targets + i, width - i, 0);
            x = x - t;
            total += x * x;
            x = normaliser > 0 ? x * factor : (f32v)0;
            TYPED(store)(prediction + i, &x, width - i);
        }
        row_losses[row] = normaliser > 0 ? lane_sum(&total) : 0;
    }
}
