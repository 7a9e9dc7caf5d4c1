#include "CKernels.h"
#include "vector.h"

#define CONVERT_ROWS(to)                                                             \
    for (size_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {          \
        for (size_t i = 0; i < width; i += LANES) {                                  \
            f32v v;                                                                  \
            TYPED(load)(&v, x + i, width - i, 0);                                    \
            to(y + i, &v, width - i);                                                \
        }                                                                            \
    }

#define KERNELS "conversions_typed.h"
#include "every_type.h"

void ck_convert_rows(
    enum ck_type from, const void *x, size_t x_stride, enum ck_type to, void *y, size_t y_stride, size_t rows,
    size_t width
) {
    switch (to) {
    case CK_F32: DISPATCH(from, to_f32, x, x_stride, y, y_stride, rows, width) break;
    case CK_BF16: DISPATCH(from, to_bf16, x, x_stride, y, y_stride, rows, width) break;
    case CK_F16: DISPATCH(from, to_f16, x, x_stride, y, y_stride, rows, width) break;
    }
}
