// Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), sixteen blocks at a time.
#include "CKernels.h"
#include "vector.h"

#define GROUP (4 * LANES)
// Numbers that fill parameters and those that drop activations never share a block.
#define FILL_DOMAIN 0x80000000u

/// Word w of lane l is word w of the block whose counter is (first + l, sample, layer, step). Products are 64-bit, and
/// what stands above bit 31 of a word is ignored until the end.
INLINE void philox(u32v words[4], uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
    const u32v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint64_t low = 0xffffffffu;
    u64v a = __builtin_convertvector(lane + first, u64v), b = c1, c = c2, d = c3;
    for (int round = 0; round < 10; round++) {
        u64v p = (a & low) * (uint64_t)0xD2511F53u;
        u64v q = (c & low) * (uint64_t)0xCD9E8D57u;
        a = (q >> 32) ^ b ^ (uint64_t)k0;
        b = q;
        c = (p >> 32) ^ d ^ (uint64_t)k1;
        d = p;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = __builtin_convertvector(a & low, u32v);
    words[1] = __builtin_convertvector(b & low, u32v);
    words[2] = __builtin_convertvector(c & low, u32v);
    words[3] = __builtin_convertvector(d & low, u32v);
}

INLINE void group_words(u32v words[4], size_t element, uint32_t domain, const struct ck_random_key *key) {
    uint32_t first = (uint32_t)(element / 4) | domain;
    philox(words, first, key->sample, key->layer, key->step, (uint32_t)key->seed, (uint32_t)(key->seed >> 32));
}

KERNEL void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    u32v words[4];
    philox(words, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
    for (int i = 0; i < 4; i++) out[i] = words[i][0];
}

/// u := ln u for u in (0, 1]: u = m · 2ᵉ with m about 1, ln m = 2 artanh((m − 1)/(m + 1)).
INLINE void vector_log_f64(f64v *u) {
    i64v bits = (i64v)*u;
    i64v exponent = (bits >> 52) - 1023;
    f64v m = (f64v)((bits & 0x000fffffffffffffLL) | 0x3ff0000000000000LL);
    i64v above = m > 1.4142135623730951;  // −1 where true
    m = above ? m * 0.5 : m;
    exponent = exponent - above;
    f64v s = (m - 1.0) / (m + 1.0);
    f64v z = s * s;
    f64v p = 1.0 / 19;
    for (int k = 17; k >= 1; k -= 2) p = p * z + 1.0 / k;
    *u = __builtin_convertvector(exponent, f64v) * 0.6931471805599453 + 2.0 * s * p;
}

/// cos and sin of 2π · word / 2³²: the quadrant is exact, Taylor's series does the rest (error 1e−13).
INLINE void vector_turn(const u32v *word, f64v *cosine, f64v *sine) {
    u32v quadrant = (*word + 0x20000000u) >> 30;
    i32v rest = (i32v)(*word - (quadrant << 30));
    f64v a = __builtin_convertvector(rest, f64v) * (1.5707963267948966 * 0x1p-30);
    f64v z = a * a;
    f64v s = 1.0, c = 1.0;
    for (int k = 13; k >= 3; k -= 2) s = 1.0 - s * z * (1.0 / (k * (k - 1)));
    for (int k = 14; k >= 2; k -= 2) c = 1.0 - c * z * (1.0 / (k * (k - 1)));
    s = s * a;
    i64v odd = __builtin_convertvector((i32v)(quadrant & 1), i64v) != 0;
    i64v flip_cosine = __builtin_convertvector((i32v)((quadrant + 1) & 2), i64v) != 0;
    i64v flip_sine = __builtin_convertvector((i32v)(quadrant & 2), i64v) != 0;
    f64v x = odd ? s : c;
    f64v y = odd ? c : s;
    *cosine = flip_cosine ? -x : x;
    *sine = flip_sine ? -y : y;
}

/// Two independent normal numbers from two words (Box and Muller), computed in f64.
INLINE void normal_pair(const u32v *first, const u32v *second, f64v *a, f64v *b) {
    f64v radius = (__builtin_convertvector(*first, f64v) + 1.0) * 0x1p-32;
    vector_log_f64(&radius);
    radius = __builtin_elementwise_sqrt(-2.0 * radius);
    vector_turn(second, a, b);
    *a = *a * radius;
    *b = *b * radius;
}

/// The least word whose element stays.
INLINE uint32_t dropout_threshold(double probability) {
    double bound = probability * 0x1p32;
    return bound >= 4294967295.0 ? UINT32_MAX : (uint32_t)bound;
}

#define KERNELS "random_typed.h"
#include "every_type.h"

void ck_fill_constant(enum ck_type type, void *x, size_t count, float value) {
    DISPATCH(type, fill_constant, x, count, value)
}

void ck_fill_uniform(enum ck_type type, void *x, size_t count, float low, float high, struct ck_random_key key) {
    DISPATCH(type, fill_uniform, x, count, low, high, key)
}

void ck_fill_normal(
    enum ck_type type, void *x, size_t count, float mean, float deviation, struct ck_random_key key
) {
    DISPATCH(type, fill_normal, x, count, mean, deviation, key)
}

void ck_dropout(
    enum ck_type type, const void *x, void *y, size_t count, double probability, struct ck_random_key key
) {
    DISPATCH(type, dropout, x, y, count, probability, key)
}

void ck_dropout_columns(
    enum ck_type type, const void *x, void *y, size_t rows, size_t columns, size_t first, size_t width,
    double probability, struct ck_random_key key
) {
    DISPATCH(type, dropout_columns, x, y, rows, columns, first, width, probability, key)
}
