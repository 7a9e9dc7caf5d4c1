#include "CKernels.h"
#include "vector.h"

// Blocks of this many elements are summed lane by lane, then the blocks in order: a range of whole blocks can be
// summed apart without changing the result.
#define BLOCK 4096

#define KERNELS "reductions_typed.h"
#include "every_type.h"

double ck_sum(enum ck_type type, const void *x, size_t count) {
    double result = 0;
    DISPATCH(type, sum, x, count, &result)
    return result;
}

double ck_sum_of_squares(enum ck_type type, const void *x, size_t count) {
    double result = 0;
    DISPATCH(type, sum_of_squares, x, count, &result)
    return result;
}

void ck_sum_rows(enum ck_type type, const void *x, size_t stride, float *out, size_t rows, size_t width) {
    DISPATCH(type, sum_rows, x, stride, out, rows, width)
}
