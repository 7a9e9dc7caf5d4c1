#include "CKernels.h"
#include "vector.h"

// Small products, such as one head of attention asks for: a library takes longer to begin one than to compute it.

typedef float f32h __attribute__((ext_vector_type(8)));
typedef float f32hm __attribute__((ext_vector_type(8), aligned(4)));

/// Rows of c that are computed together: their sums fill AVX2's registers.
#define TILE 6

/// The places of one tile's operands, and how far apart their elements lie.
struct tile {
    const float *a;
    size_t a_row, a_column;
    const float *b;
    size_t b_row;
    float *c;
    size_t c_row;
    size_t k;
    int accumulate;
};

INLINE void tile_16(const struct tile *t, size_t rows) {
    f32v sum[TILE];
    for (size_t r = 0; r < rows; r++) sum[r] = t->accumulate ? LOAD(t->c + r * t->c_row) : (f32v)0;
    for (size_t p = 0; p < t->k; p++) {
        f32v v = LOAD(t->b + p * t->b_row);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) sum[r] += t->a[r * t->a_row + p * t->a_column] * v;
    }
    for (size_t r = 0; r < rows; r++) STORE(t->c + r * t->c_row, sum[r]);
}

INLINE void tile_8(const struct tile *t, size_t rows, size_t columns) {
    f32h sum[TILE];
    for (size_t r = 0; r < rows; r++) {
        sum[r] = 0;
        if (t->accumulate) memcpy(&sum[r], t->c + r * t->c_row, columns * sizeof(float));
    }
    for (size_t p = 0; p < t->k; p++) {
        f32h v = 0;
        if (columns == 8) {
            v = *(const f32hm *)(t->b + p * t->b_row);
        } else {
            for (size_t i = 0; i < columns; i++) v[i] = t->b[p * t->b_row + i];
        }
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) sum[r] += t->a[r * t->a_row + p * t->a_column] * v;
    }
    for (size_t r = 0; r < rows; r++) memcpy(t->c + r * t->c_row, &sum[r], columns * sizeof(float));
}

/// All columns of a few rows: sixteen at a time, then eight, then what is left.
INLINE void tile_rows(struct tile t, size_t rows, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16, t.b += 16, t.c += 16) tile_16(&t, rows);
    if (i + 8 <= n) {
        tile_8(&t, rows, 8);
        i += 8, t.b += 8, t.c += 8;
    }
    if (i < n) tile_8(&t, rows, n - i);
}

KERNEL void ck_small_product(
    const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row, float *c, size_t c_row, size_t m,
    size_t n, size_t k, int accumulate
) {
    struct tile t = {a, a_row, a_column, b, b_row, c, c_row, k, accumulate};
    size_t row = 0;
    for (; row + TILE <= m; row += TILE, t.a += TILE * a_row, t.c += TILE * c_row) tile_rows(t, TILE, n);
    switch (m - row) {
    case 5: tile_rows(t, 5, n); break;
    case 4: tile_rows(t, 4, n); break;
    case 3: tile_rows(t, 3, n); break;
    case 2: tile_rows(t, 2, n); break;
    case 1: tile_rows(t, 1, n); break;
    }
}

/// Eight rows of eight to eight columns, in three rounds of exchanges.
INLINE void transpose_8(const float *x, size_t x_row, float *y, size_t y_row) {
    f32h r[8], s[8];
    for (int i = 0; i < 8; i++) r[i] = *(const f32hm *)(x + i * x_row);
    for (int i = 0; i < 8; i += 2) {
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            r[i + j] = __builtin_shufflevector(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            r[i + j + 2] = __builtin_shufflevector(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int j = 0; j < 4; j++) {
        *(f32hm *)(y + j * y_row) = __builtin_shufflevector(r[j], r[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(f32hm *)(y + (j + 4) * y_row) = __builtin_shufflevector(r[j], r[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

KERNEL void ck_transpose(const float *x, size_t x_row, float *y, size_t y_row, size_t rows, size_t columns) {
    for (size_t row = 0; row < rows; row += 8) {
        for (size_t column = 0; column < columns; column += 8) {
            if (row + 8 <= rows && column + 8 <= columns) {
                transpose_8(x + row * x_row + column, x_row, y + column * y_row + row, y_row);
                continue;
            }
            for (size_t r = row; r < rows && r < row + 8; r++) {
                for (size_t c = column; c < columns && c < column + 8; c++) y[c * y_row + r] = x[r * x_row + c];
            }
        }
    }
}
