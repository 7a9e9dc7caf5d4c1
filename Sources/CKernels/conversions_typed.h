// Conversions from one storage type to each: see every_type.h.

static KERNEL void TYPED(to_f32)(
    const ELEMENT *x, size_t x_stride, float *y, size_t y_stride, size_t rows, size_t width
) {
    CONVERT_ROWS(store_f32)
}

static KERNEL void TYPED(to_bf16)(
    const ELEMENT *x, size_t x_stride, bf16 *y, size_t y_stride, size_t rows, size_t width
) {
    CONVERT_ROWS(store_bf16)
}

static KERNEL void TYPED(to_f16)(
    const ELEMENT *x, size_t x_stride, f16 *y, size_t y_stride, size_t rows, size_t width
) {
    CONVERT_ROWS(store_f16)
}
