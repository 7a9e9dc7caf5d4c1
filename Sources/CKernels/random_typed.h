// Random numbers for one storage type: see every_type.h.

static KERNEL void TYPED(fill_constant)(ELEMENT *x, size_t count, float value) {
    f32v v = value;
    for (size_t i = 0; i < count; i += LANES) TYPED(store)(x + i, &v, count - i);
}

static KERNEL void TYPED(fill_uniform)(ELEMENT *x, size_t count, float low, float high, struct ck_random_key key) {
    for (size_t start = 0; start < count; start += GROUP) {
        u32v words[4];
        group_words(words, start, FILL_DOMAIN, &key);
        for (size_t w = 0; w < 4 && start + w * LANES < count; w++) {
            size_t i = start + w * LANES;
            f32v v = __builtin_convertvector(words[w] >> 8, f32v) * 0x1p-24f;
            v = low + (high - low) * v;
            TYPED(store)(x + i, &v, count - i);
        }
    }
}

static KERNEL void TYPED(fill_normal)(
    ELEMENT *x, size_t count, float mean, float deviation, struct ck_random_key key
) {
    for (size_t start = 0; start < count; start += GROUP) {
        u32v words[4];
        f64v numbers[4];
        group_words(words, start, FILL_DOMAIN, &key);
        normal_pair(&words[0], &words[1], &numbers[0], &numbers[1]);
        normal_pair(&words[2], &words[3], &numbers[2], &numbers[3]);
        for (size_t w = 0; w < 4 && start + w * LANES < count; w++) {
            size_t i = start + w * LANES;
            f32v v = __builtin_convertvector((double)mean + (double)deviation * numbers[w], f32v);
            TYPED(store)(x + i, &v, count - i);
        }
    }
}

static KERNEL void TYPED(dropout)(
    const ELEMENT *x, ELEMENT *y, size_t count, double probability, struct ck_random_key key
) {
    if (probability >= 1) {
        memset(y, 0, count * sizeof(ELEMENT));
        return;
    }
    uint32_t threshold = dropout_threshold(probability);
    float scale = (float)(1.0 / (1.0 - probability));
    for (size_t start = 0; start < count; start += GROUP) {
        u32v words[4];
        group_words(words, start, 0, &key);
        for (size_t w = 0; w < 4 && start + w * LANES < count; w++) {
            size_t i = start + w * LANES;
            f32v v;
            TYPED(load)(&v, x + i, count - i, 0);
            v = words[w] >= threshold ? v * scale : (f32v)0;
            TYPED(store)(y + i, &v, count - i);
        }
    }
}

static KERNEL void TYPED(dropout_columns)(
    const ELEMENT *x, ELEMENT *y, size_t rows, size_t columns, size_t first, size_t width, double probability,
    struct ck_random_key key
) {
    if (probability >= 1) {
        memset(y, 0, rows * columns * sizeof(ELEMENT));
        return;
    }
    uint32_t threshold = dropout_threshold(probability);
    float scale = (float)(1.0 / (1.0 - probability));
    for (size_t row = 0; row < rows; row++, x += columns, y += columns) {
        size_t begin = row * width + first, end = begin + columns;
        for (size_t start = begin / GROUP * GROUP; start < end; start += GROUP) {
            u32v words[4];
            group_words(words, start, 0, &key);
            size_t from = start < begin ? begin : start, to = start + GROUP < end ? start + GROUP : end;
            for (size_t i = from; i < to; i++) {
                f32v v;
                TYPED(load)(&v, x + (i - begin), 1, 0);
                v = words[(i - start) / LANES][(i - start) % LANES] >= threshold ? v * scale : (f32v)0;
                TYPED(store)(y + (i - begin), &v, 1);
            }
        }
    }
}
