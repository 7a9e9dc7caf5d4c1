// What only a shard computes, which has some channels of a row: part of CKernels.h.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// Of the logits of the classes first ..< first + classes: each row's maximum, Σ exp(logit − maximum), and the logit of its
/// target, 0 where that is another class. parts: [rows × 3].
void ck_cross_entropy_part(
    enum ck_type type, const void *logits, const int32_t *targets, int64_t first, float *parts, size_t rows,
    size_t classes);
/// ck_cross_entropy of such logits, from all shards' parts, each `shard_row` floats behind the one before.
void ck_cross_entropy_joined(
    enum ck_type type, void *logits, const int32_t *targets, int64_t first, const float *parts, size_t shards,
    size_t shard_row, int64_t ignored, int64_t normaliser, double scale, float *row_losses, size_t rows,
    size_t classes);
/// ck_dropout of columns first ..< first + columns of rows of `width`, with their part of the mask.
void ck_dropout_columns(
    enum ck_type type, const void *x, void *y, size_t rows, size_t columns, size_t first, size_t width,
    double probability, struct ck_random_key key);

#ifdef __cplusplus
}
#endif
