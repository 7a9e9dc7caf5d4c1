// Rotation of heads by their positions for one storage type: see every_type.h.

/// (a, b) := (a · cos − b · sin, b · cos + a · sin) of pairs (i, i + apart).
INLINE void TYPED(turn_halves)(ELEMENT *x, size_t apart, size_t count, const struct turns *t) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v a, b, c = LOAD(t->cosines + i), s = LOAD(t->sines + i);
        TYPED(load)(&a, x + i, count - i, 0);
        TYPED(load)(&b, x + apart + i, count - i, 0);
        f32v turned = a * c - b * s;
        b = b * c + a * s;
        TYPED(store)(x + i, &turned, count - i);
        TYPED(store)(x + apart + i, &b, count - i);
    }
}

/// The same of pairs (2i, 2i + 1).
INLINE void TYPED(turn_neighbours)(ELEMENT *x, size_t count, const struct turns *t) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = 2 * (count - i);
        size_t rest = left > LANES ? left - LANES : 0;
        f32v low, high, c = LOAD(t->cosines + i), s = LOAD(t->sines + i);
        TYPED(load)(&low, x + 2 * i, left, 0);
        TYPED(load)(&high, x + 2 * i + LANES, rest, 0);
        f32v a = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        f32v b = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        f32v turned = a * c - b * s;
        b = b * c + a * s;
        low = __builtin_shufflevector(turned, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        high = __builtin_shufflevector(turned, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        TYPED(store)(x + 2 * i, &low, left);
        TYPED(store)(x + 2 * i + LANES, &high, rest);
    }
}

INLINE void TYPED(turn_heads)(
    ELEMENT *x, size_t heads, size_t head_width, size_t from, size_t count, const struct turns *t,
    const struct ck_rotation *rotation
) {
    x += rotation->first;
    for (size_t head = 0; head < heads; head++, x += head_width) {
        if (rotation->neighbours) {
            TYPED(turn_neighbours)(x + 2 * from, count, t);
        } else {
            TYPED(turn_halves)(x + from, rotation->pairs, count, t);
        }
    }
}

static KERNEL void TYPED(rotate)(
    ELEMENT *x, size_t stride, size_t rows, size_t heads, size_t head_width, size_t samples, size_t sample_stride,
    const int32_t *positions, size_t position_stride, int64_t start, struct ck_rotation rotation
) {
    struct turns t;
    for (size_t row = 0; row < rows; row++, x += stride) {
        for (size_t from = 0; from < rotation.pairs; from += TURNS) {
            size_t count = rotation.pairs - from < TURNS ? rotation.pairs - from : TURNS;
            // Samples share cos and sin where they share positions.
            for (size_t sample = 0; sample < samples; sample++) {
                if (positions) {
                    set_turns(&t, &rotation, from, count, (float)positions[sample * position_stride + row]);
                } else if (sample == 0) {
                    set_turns(&t, &rotation, from, count, (float)(start + (int64_t)row));
                }
                TYPED(turn_heads)(x + sample * sample_stride, heads, head_width, from, count, &t, &rotation);
            }
        }
    }
}
