#include "CKernels.h"
#include "vector.h"

/// cos and sin of x, from f64: the error is far below half a unit in the last place of an f32.
/// x = n · π/2 + r, |r| ≤ π/4, with π/2 in three parts, of which n < 2²³ times the first two is exact; then polynomials
/// of sin r and cos r (Chebyshev; errors 2e-17 and 1e-18), exchanged and negated by n mod 4.
INLINE void vector_cos_sin(const f32v *angle, f32v *cosine, f32v *sine) {
    const double round = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
    f64v x = __builtin_convertvector(*angle, f64v);
    f64v shifted = x * 0x1.45f306dc9c883p-1 + round;
    f64v n = shifted - round;
    f64v r = x - n * 0x1.921fb54p0;
    r = r - n * 0x1.10b4610p-30;
    r = r - n * 0x1.a62633145c06ep-58;
    f64v z = r * r;
    f64v s = 0x1.5e0333e3ccba1p-33;
    s = s * z + -0x1.ae5ff4f957b14p-26;
    s = s * z + 0x1.71de3781495ffp-19;
    s = s * z + -0x1.a01a019e73325p-13;
    s = s * z + 0x1.1111111110b6cp-7;
    s = s * z + -0x1.5555555555555p-3;
    s = s * z * r + r;
    f64v c = -0x1.9075bb669682cp-37;
    c = c * z + 0x1.1eeb5de1e2b95p-29;
    c = c * z + -0x1.27e4fa0d3726cp-22;
    c = c * z + 0x1.a01a019f4671dp-16;
    c = c * z + -0x1.6c16c16c16944p-10;
    c = c * z + 0x1.5555555555555p-5;
    c = c * z * z + (1.0 - 0.5 * z);
    i64v quarter = (i64v)shifted & 3;
    i64v odd = (quarter & 1) != 0;
    f64v first = odd ? s : c, second = odd ? c : s;
    i64v turned = quarter == 1 || quarter == 2, below = quarter >= 2;
    first = turned ? -first : first;
    second = below ? -second : second;
    *cosine = __builtin_convertvector(first, f32v);
    *sine = __builtin_convertvector(second, f32v);
}

/// Pairs whose cos and sin are held at once.
#define TURNS 256

struct turns {
    float cosines[TURNS], sines[TURNS];
};

/// Of pairs `from ..< from + count` at a position.
INLINE void set_turns(struct turns *t, const struct ck_rotation *rotation, size_t from, size_t count, float position) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v angle, c, s;
        load_f32(&angle, rotation->frequencies + from + i, count - i, 0);
        angle = angle * position;
        vector_cos_sin(&angle, &c, &s);
        c = c * rotation->amplitude;
        s = s * rotation->amplitude * rotation->sign;
        STORE(t->cosines + i, c);
        STORE(t->sines + i, s);
    }
}

KERNEL void ck_cos_sin(const float *angles, float *cosines, float *sines, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v angle, c, s;
        load_f32(&angle, angles + i, count - i, 0);
        vector_cos_sin(&angle, &c, &s);
        store_f32(cosines + i, &c, count - i);
        store_f32(sines + i, &s, count - i);
    }
}

#define KERNELS "rotation_typed.h"
#include "every_type.h"

void ck_rotate(
    enum ck_type type, void *x, size_t stride, size_t rows, size_t heads, size_t head_width, size_t samples,
    size_t sample_stride, const int32_t *positions, size_t position_stride, int64_t start, struct ck_rotation rotation
) {
    DISPATCH(
        type, rotate, x, stride, rows, heads, head_width, samples, sample_stride, positions, position_stride, start,
        rotation)
}
