// Sums for one storage type: see every_type.h.

#define SUM(f)                                                       \
    double sum = 0;                                                  \
    for (size_t start = 0; start < count; start += BLOCK) {          \
        size_t end = start + BLOCK < count ? start + BLOCK : count;  \
        f64v total = 0;                                              \
        for (size_t i = start; i < end; i += LANES) {                \
            f32v v;                                                  \
            TYPED(load)(&v, x + i, end - i, 0);                      \
            f64v d = __builtin_convertvector(v, f64v);               \
            total += f;                                              \
        }                                                            \
        sum += lane_sum_f64(&total);                                 \
    }                                                                \
    *result = sum;

static KERNEL void TYPED(sum)(const ELEMENT *x, size_t count, double *result) { SUM(d) }

static KERNEL void TYPED(sum_of_squares)(const ELEMENT *x, size_t count, double *result) { SUM(d * d) }

#undef SUM

static KERNEL void TYPED(sum_rows)(const ELEMENT *x, size_t stride, float *out, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++, x += stride) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v sum, v;
            load_f32(&sum, out + i, width - i, 0);
            TYPED(load)(&v, x + i, width - i, 0);
            sum = sum + v;
            store_f32(out + i, &sum, width - i);
        }
    }
}
