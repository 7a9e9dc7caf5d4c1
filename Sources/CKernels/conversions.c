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

// The bits of a number without its sign: as whole numbers they are ordered as magnitudes are, with infinity and NaN on top.
#define MAGNITUDE 0x7fffffffu
#define INFINITE 0x7f800000u
// 1.5 · 2²³: a small number added to it is rounded to a whole one, ties to even, in the sum's last bits.
#define ROUNDER 12582912.0f

KERNEL void ck_compress_rows(const float *x, float *residual, float *scales, int8_t *q, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++, x += width, q += width) {
        uint32_t most = 0;
        if (residual) {
            for (size_t i = 0; i < width; i++) residual[i] += x[i];
        }
        const float *from = residual ? residual : x;
        for (size_t i = 0; i < width; i++) {
            uint32_t bits;
            memcpy(&bits, from + i, 4);
            bits &= MAGNITUDE;
            most = bits > most ? bits : most;
        }
        float largest;
        memcpy(&largest, &most, 4);
        // A row that is not finite stays so at the other end; one below what a division can take is zero.
        if (most >= INFINITE || largest < 0x1p-100f) {
            scales[row] = most >= INFINITE ? NAN : 0;
            memset(q, 0, width);
            if (residual) memset(residual, 0, width * sizeof(float));
        } else {
            float scale = largest / 127, inverse = 127 / largest;
            scales[row] = scale;
            for (size_t i = 0; i < width; i++) {
                float scaled = from[i] * inverse;
                float rounded = scaled + ROUNDER;
                rounded -= ROUNDER;
                q[i] = (int8_t)(int32_t)rounded;
            }
            if (residual) {
                for (size_t i = 0; i < width; i++) {
                    float sent = (float)q[i] * scale;
                    residual[i] -= sent;
                }
            }
        }
        if (residual) residual += width;
    }
}

KERNEL void ck_expand_rows(const float *scales, const int8_t *q, float *y, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++, q += width, y += width) {
        float scale = scales[row];
        for (size_t i = 0; i < width; i++) y[i] = (float)q[i] * scale;
    }
}
