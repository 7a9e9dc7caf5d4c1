#include "CKernels.h"
#include "vector.h"

KERNEL void ck_embedding(
    const int32_t *ids, const float *token, const float *position, float *y, size_t rows, size_t sequence,
    size_t width
) {
    for (size_t row = 0; row < rows; row++, y += width) {
        const float *t = token + (size_t)ids[row] * width;
        const float *p = position ? position + (row % sequence) * width : 0;
        for (size_t i = 0; i < width; i += LANES) {
            f32v a, b = 0;
            load(&a, t + i, width - i, 0);
            if (p) load(&b, p + i, width - i, 0);
            a = a + b;
            store(y + i, &a, width - i);
        }
    }
}

INLINE void add_row(const float *x, float *sum, size_t width) {
    for (size_t i = 0; i < width; i += LANES) {
        f32v a, b;
        load(&a, sum + i, width - i, 0);
        load(&b, x + i, width - i, 0);
        a = a + b;
        store(sum + i, &a, width - i);
    }
}

KERNEL void ck_embedding_backward(
    const int32_t *ids, const float *dy, float *dtoken, float *dposition, size_t rows, size_t sequence, size_t width
) {
    for (size_t row = 0; row < rows; row++, dy += width) {
        add_row(dy, dtoken + (size_t)ids[row] * width, width);
        if (dposition) add_row(dy, dposition + (row % sequence) * width, width);
    }
}

ptrdiff_t ck_first_outside(const int32_t *values, size_t count, int64_t limit, int64_t ignored) {
    for (size_t i = 0; i < count; i++) {
        if ((values[i] < 0 || values[i] >= limit) && values[i] != ignored) return (ptrdiff_t)i;
    }
    return -1;
}
