#include "CKernels.h"
#include "vector.h"

// Blocks of this many elements are summed lane by lane, then the blocks in order: a range of whole blocks can be
// summed apart without changing the result.
#define BLOCK 4096

#define SUM(f)                                                       \
    double sum = 0;                                                  \
    for (size_t start = 0; start < count; start += BLOCK) {          \
        size_t end = start + BLOCK < count ? start + BLOCK : count;  \
        f64v total = 0;                                              \
        for (size_t i = start; i < end; i += LANES) {                \
            f32v v;                                                  \
            load(&v, x + i, end - i, 0);                             \
            f64v d = __builtin_convertvector(v, f64v);               \
            total += f;                                              \
        }                                                            \
        sum += lane_sum_f64(&total);                                 \
    }                                                                \
    return sum;

KERNEL double ck_sum(const float *x, size_t count) { SUM(d) }

KERNEL double ck_sum_of_squares(const float *x, size_t count) { SUM(d * d) }

KERNEL void ck_sum_rows(const float *x, float *out, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++, x += width) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v sum, v;
            load(&sum, out + i, width - i, 0);
            load(&v, x + i, width - i, 0);
            sum = sum + v;
            store(out + i, &sum, width - i);
        }
    }
}
