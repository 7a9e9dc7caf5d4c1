#include "CKernels.h"
#include "vector.h"

#define MAX_BLOCKS 256

/// How a row is divided: at most MAX_BLOCKS blocks of whole vectors, the last one perhaps shorter.
INLINE size_t block_size(size_t classes) {
    size_t size = (classes + MAX_BLOCKS - 1) / MAX_BLOCKS;
    size = (size + LANES - 1) / LANES * LANES;
    return size < 1024 ? 1024 : size;
}

#define KERNELS "losses_typed.h"
#include "every_type.h"

void ck_cross_entropy(
    enum ck_type type, void *logits, const int32_t *targets, int64_t ignored, int64_t normaliser, double scale,
    float *row_losses, size_t rows, size_t classes
) {
    DISPATCH(type, cross_entropy, logits, targets, ignored, normaliser, scale, row_losses, rows, classes)
}

void ck_cross_entropy_part(
    enum ck_type type, const void *logits, const int32_t *targets, int64_t first, float *parts, size_t rows,
    size_t classes
) {
    DISPATCH(type, cross_entropy_part, logits, targets, first, parts, rows, classes)
}

void ck_cross_entropy_joined(
    enum ck_type type, void *logits, const int32_t *targets, int64_t first, const float *parts, size_t shards,
    size_t shard_row, int64_t ignored, int64_t normaliser, double scale, float *row_losses, size_t rows,
    size_t classes
) {
    DISPATCH(
        type, cross_entropy_joined, logits, targets, first, parts, shards, shard_row, ignored, normaliser, scale,
        row_losses, rows, classes)
}

void ck_mean_squared_error(
    enum ck_type type, void *prediction, const float *targets, int64_t normaliser, double scale, float *row_losses,
    size_t rows, size_t width
) {
    DISPATCH(type, mean_squared_error, prediction, targets, normaliser, scale, row_losses, rows, width)
}
