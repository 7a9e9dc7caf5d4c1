// Embedding for one storage type of its output and its gradient: see every_type.h.

static KERNEL void TYPED(embedding)(
    const int32_t *ids, const float *token, int64_t first, int64_t own, const float *position, float scale,
    ELEMENT *y, size_t rows, size_t sequence, size_t width
) {
    for (size_t row = 0; row < rows; row++, y += width) {
        int64_t id = ids[row] - first;
        if (id < 0 || id >= own) {
            memset(y, 0, width * sizeof(ELEMENT));
            continue;
        }
        const float *t = token + (size_t)id * width;
        const float *p = position ? position + (row % sequence) * width : 0;
        for (size_t i = 0; i < width; i += LANES) {
            f32v a, b = 0;
            load_f32(&a, t + i, width - i, 0);
            if (p) load_f32(&b, p + i, width - i, 0);
            a = scale * a + b;
            TYPED(store)(y + i, &a, width - i);
        }
    }
}

INLINE void TYPED(add_row)(const ELEMENT *x, float scale, float *sum, size_t width) {
    for (size_t i = 0; i < width; i += LANES) {
        f32v a, b;
        load_f32(&a, sum + i, width - i, 0);
        TYPED(load)(&b, x + i, width - i, 0);
        a = a + scale * b;
        store_f32(sum + i, &a, width - i);
    }
}

static KERNEL void TYPED(embedding_backward)(
    const int32_t *ids, const ELEMENT *dy, float *dtoken, int64_t first, int64_t own, float *dposition, float scale,
    size_t rows, size_t sequence, size_t width
) {
    for (size_t row = 0; row < rows; row++, dy += width) {
        int64_t id = ids[row] - first;
        if (id >= 0 && id < own) TYPED(add_row)(dy, scale, dtoken + (size_t)id * width, width);
        if (dposition) TYPED(add_row)(dy, 1, dposition + (row % sequence) * width, width);
    }
}
