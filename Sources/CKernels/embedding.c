#include "CKernels.h"
#include "vector.h"

#define KERNELS "embedding_typed.h"
#include "every_type.h"

void ck_embedding(
    enum ck_type type, const int32_t *ids, const float *token, int64_t first, int64_t own, const float *position,
    float scale, void *y, size_t rows, size_t sequence, size_t width
) {
    DISPATCH(type, embedding, ids, token, first, own, position, scale, y, rows, sequence, width)
}

void ck_embedding_backward(
    enum ck_type type, const int32_t *ids, const void *dy, float *dtoken, int64_t first, int64_t own, float *dposition,
    float scale, size_t rows, size_t sequence, size_t width
) {
    DISPATCH(type, embedding_backward, ids, dy, dtoken, first, own, dposition, scale, rows, sequence, width)
}

ptrdiff_t ck_first_outside(const int32_t *values, size_t count, int64_t limit, int64_t ignored) {
    for (size_t i = 0; i < count; i++) {
        if ((values[i] < 0 || values[i] >= limit) && values[i] != ignored) return (ptrdiff_t)i;
    }
    return -1;
}
