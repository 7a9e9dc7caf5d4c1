// What the kernels are written in: sixteen floats at a time, whatever the machine.
//
// Explicit vectors instead of loops left to the optimiser, because then the order of every sum is in the source: it is
// the same on AVX-512 (one register), AVX2 (two), SSE2 and NEON (four), and never depends on where a buffer lies.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 16

typedef float f32v __attribute__((ext_vector_type(LANES)));
typedef int32_t i32v __attribute__((ext_vector_type(LANES)));
typedef uint32_t u32v __attribute__((ext_vector_type(LANES)));
typedef double f64v __attribute__((ext_vector_type(LANES)));
typedef int64_t i64v __attribute__((ext_vector_type(LANES)));
typedef uint64_t u64v __attribute__((ext_vector_type(LANES)));

typedef uint16_t u16v __attribute__((ext_vector_type(LANES)));
typedef _Float16 f16v __attribute__((ext_vector_type(LANES)));

// How 16-bit numbers are stored: the upper half of an f32, and IEEE's binary16.
typedef uint16_t bf16;
typedef _Float16 f16;

// The same vectors in memory, aligned as their elements are.
typedef float f32m __attribute__((ext_vector_type(LANES), aligned(4)));
typedef uint16_t u16m __attribute__((ext_vector_type(LANES), aligned(2)));
typedef _Float16 f16m __attribute__((ext_vector_type(LANES), aligned(2)));

#define LOAD(p) (*(const f32m *)(p))
#define STORE(p, v) (*(f32m *)(p) = (v))

// One copy of the function per instruction set, chosen when the program starts. ThreadSanitizer crashes in the chooser.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_VERSION
#endif
#endif
#if defined(__x86_64__) && !defined(ONE_VERSION)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KERNEL
#endif

// Always inlined, and vectors travel by pointer: a vector by value would have another calling convention in each copy.
// The width attribute reaches the kernel through inlining and keeps LLVM from splitting 512-bit vectors into halves.
#define INLINE static inline __attribute__((always_inline, min_vector_width(512), unused))

// Kernels compute in f32 whatever they read and write. load_… takes the next `left` elements, at most one vector of them,
// and puts `absent` into the lanes that have none; store_… rounds to the nearest, ties to even, and writes as many.

INLINE void load_f32(f32v *v, const float *p, size_t left, float absent) {
    if (__builtin_expect(left >= LANES, 1)) {
        *v = LOAD(p);
    } else {
        f32v part = absent;
        memcpy(&part, p, left * sizeof(float));
        *v = part;
    }
}

INLINE void store_f32(float *p, const f32v *v, size_t left) {
    if (__builtin_expect(left >= LANES, 1)) {
        STORE(p, *v);
    } else {
        f32v part = *v;
        memcpy(p, &part, left * sizeof(float));
    }
}

INLINE void keep_lanes(f32v *v, size_t left, float absent) {
    const i32v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    *v = lane < (int32_t)left ? *v : (f32v)absent;
}

INLINE void widen_bf16(const u16v *bits, f32v *v) { *v = (f32v)(__builtin_convertvector(*bits, u32v) << 16); }

/// With integers, and not by the processor's own instruction, which takes subnormal numbers for zero.
INLINE void narrow_bf16(const f32v *v, u16v *bits) {
    u32v x = (u32v)*v;
    u32v rounded = x + 0x7fffu + ((x >> 16) & 1);
    rounded = *v != *v ? (x | 0x400000u) : rounded;  // NaN stays one
    *bits = __builtin_convertvector(rounded >> 16, u16v);
}

INLINE void load_bf16(f32v *v, const bf16 *p, size_t left, float absent) {
    u16v bits;
    if (__builtin_expect(left >= LANES, 1)) {
        bits = *(const u16m *)p;
        widen_bf16(&bits, v);
    } else {
        bits = 0;
        memcpy(&bits, p, left * sizeof(bf16));
        widen_bf16(&bits, v);
        keep_lanes(v, left, absent);
    }
}

INLINE void store_bf16(bf16 *p, const f32v *v, size_t left) {
    u16v bits;
    narrow_bf16(v, &bits);
    if (__builtin_expect(left >= LANES, 1)) {
        *(u16m *)p = bits;
    } else {
        memcpy(p, &bits, left * sizeof(bf16));
    }
}

INLINE void load_f16(f32v *v, const f16 *p, size_t left, float absent) {
    f16v half;
    if (__builtin_expect(left >= LANES, 1)) {
        half = *(const f16m *)p;
        *v = __builtin_convertvector(half, f32v);
    } else {
        half = 0;
        memcpy(&half, p, left * sizeof(f16));
        *v = __builtin_convertvector(half, f32v);
        keep_lanes(v, left, absent);
    }
}

INLINE void store_f16(f16 *p, const f32v *v, size_t left) {
    f16v half = __builtin_convertvector(*v, f16v);
    if (__builtin_expect(left >= LANES, 1)) {
        *(f16m *)p = half;
    } else {
        memcpy(p, &half, left * sizeof(f16));
    }
}

/// Σ lanes, halving: the same tree on every machine.
INLINE float lane_sum(const f32v *v) {
    float __attribute__((ext_vector_type(8))) a = v->lo + v->hi;
    float __attribute__((ext_vector_type(4))) b = a.lo + a.hi;
    float __attribute__((ext_vector_type(2))) c = b.lo + b.hi;
    return c.x + c.y;
}

INLINE double lane_sum_f64(const f64v *v) {
    double __attribute__((ext_vector_type(8))) a = v->lo + v->hi;
    double __attribute__((ext_vector_type(4))) b = a.lo + a.hi;
    double __attribute__((ext_vector_type(2))) c = b.lo + b.hi;
    return c.x + c.y;
}

INLINE float lane_max(const f32v *v) {
    float __attribute__((ext_vector_type(8))) a = v->lo > v->hi ? v->lo : v->hi;
    float __attribute__((ext_vector_type(4))) b = a.lo > a.hi ? a.lo : a.hi;
    float __attribute__((ext_vector_type(2))) c = b.lo > b.hi ? b.lo : b.hi;
    return c.x > c.y ? c.x : c.y;
}

/// x := eˣ, within 1.5 ulp. 0 below −87 (where results near the smallest normal number begin), ∞ above 88.73; NaN stays.
/// x = n·ln 2 + r, |r| ≤ ln 2 / 2; eʳ = 1 + r + r²·q(r), q a minimax polynomial of degree 4 (error 3e−9).
INLINE void vector_exp(f32v *v) {
    const float round = 12582912.0f;  // 1.5 · 2²³: adding it leaves the nearest integer in the low bits
    f32v x = *v;
    x = x < -87.0f ? (f32v)(-87.0f) : x;
    x = x > 89.0f ? (f32v)(89.0f) : x;
    f32v shifted = x * 1.44269504f + round;
    f32v n = shifted - round;
    f32v r = x - n * 0.693359375f;  // ln 2 in two parts; n times the first is exact
    r = r + n * 2.12194440e-4f;
    f32v q = 0x1.6a25c8p-10f;
    q = q * r + 0x1.1239dep-7f;
    q = q * r + 0x1.5558f0p-5f;
    q = q * r + 0x1.555492p-3f;
    q = q * r + 0x1.fffffcp-2f;
    f32v p = (r * r) * q + r;
    p = p + 1.0f;
    // 2ⁿ = 2 · 2ⁿ⁻¹, so that n = 128 still has an exponent, and n = −126 gives 0.
    f32v scale = (f32v)(((i32v)shifted + 126) << 23);
    *v = (p + p) * scale;
}

/// x := 1 / (1 + e⁻ˣ).
INLINE void vector_sigmoid(f32v *v) {
    f32v e = -*v;
    vector_exp(&e);
    *v = 1.0f / (1.0f + e);
}

/// x := tanh x, within 2 ulp: x + x³·q(x²) below 0.625 (error 5e−9), 1 − 2/(e²ˣ + 1) above.
INLINE void vector_tanh(f32v *v) {
    f32v x = *v;
    f32v magnitude = __builtin_elementwise_abs(x);
    f32v z = x * x;
    f32v q = -0.005705000226884104f;
    q = q * z + 0.020639100532656756f;
    q = q * z + -0.05373971975840205f;
    q = q * z + 0.13331442466245323f;
    q = q * z + -0.33333281945064214f;
    f32v small = (z * q) * x + x;
    f32v e = magnitude + magnitude;
    vector_exp(&e);
    f32v large = 1.0f - 2.0f / (e + 1.0f);
    large = __builtin_elementwise_copysign(large, x);
    *v = magnitude < 0.625f ? small : large;
}

/// erf x where |x| < 1 as x·q(x²), and 1 − erf |x| elsewhere as e^(−|x|·q(|x|)): minimax on 0 … 1 (error 1.3e−9) and
/// 0.95 … 3.95 (6e−10); beyond, the tail keeps its size until it is 0.
INLINE void erf_parts(const f32v *v, f32v *small, f32v *tail) {
    f32v x = *v;
    f32v t = __builtin_elementwise_abs(x);
    f32v z = x * x;
    f32v q = 7.854221094902788e-05f;
    q = q * z + -0.0008010311287352437f;
    q = q * z + 0.0051883425011541905f;
    q = q * z + -0.02685382089864874f;
    q = q * z + 0.11283585412447239f;
    q = q * z + -0.3761262585750429f;
    q = q * z + 1.128379165738619f;
    *small = x * q;
    t = t > 12.0f ? (f32v)(12.0f) : t;
    f32v l = 1.2579823368303223e-05f;
    l = l * t + -0.0003363461144296443f;
    l = l * t + 0.0036977185671722224f;
    l = l * t + -0.02387938955972032f;
    l = l * t + 0.10637366183508842f;
    l = l * t + 0.6350682314472559f;
    l = l * t + 1.1286690504965176f;
    l = -(l * t);
    vector_exp(&l);
    *tail = l;
}

/// x := erf x, within 3 ulp.
INLINE void vector_erf(f32v *v) {
    f32v small, tail;
    erf_parts(v, &small, &tail);
    f32v large = __builtin_elementwise_copysign(1.0f - tail, *v);
    *v = __builtin_elementwise_abs(*v) < 1.0f ? small : large;
}

/// x := (1 + erf(x/√2)) / 2, the normal distribution function, without cancellation on the left.
INLINE void vector_normal_cdf(f32v *v) {
    f32v small, tail, z = *v * 0.70710678118654752f;
    erf_parts(&z, &small, &tail);
    tail = 0.5f * tail;
    f32v large = z < 0.0f ? tail : 1.0f - tail;
    *v = __builtin_elementwise_abs(z) < 1.0f ? 0.5f + 0.5f * small : large;
}
