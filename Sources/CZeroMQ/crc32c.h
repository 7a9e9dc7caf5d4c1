// CRC32C (Castagnoli) with SSE4.2's crc32 instruction, three streams at a time.
//
// Header-only, because this target is a system library without sources of its own. Swift cannot emit the
// instruction itself, and a table-driven loop is several times slower than the links it protects.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <string.h>

// Builtins, not the intrinsics of <immintrin.h>: Swift emits this header's functions but not those of headers it includes.
typedef long long crc32c_vector __attribute__((vector_size(16)));

/// Whether this CPU has what `crc32c_hardware` needs.
static inline bool crc32c_hardware_available(void) {
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

/// a · b · x^33 mod P, for bit-reflected polynomials: crc32 of a 64-bit word v is v · x^32, and a carry-less product of
/// two reflected 32-bit values stands one bit low in its 64-bit word.
__attribute__((target("sse4.2,pclmul"))) static inline uint32_t crc32c_multiply(uint32_t a, uint32_t b) {
    crc32c_vector product = __builtin_ia32_pclmulqdq128((crc32c_vector){a, 0}, (crc32c_vector){b, 0}, 0);
    return (uint32_t)__builtin_ia32_crc32di(0, (uint64_t)product[0]);
}

/// The factor that moves a CRC past `words` 64-bit words: x^(64 · words − 33) mod P, so that
/// crc32c_multiply(crc, factor) is crc · x^(64 · words). For one word that is x^31, which reflected is 1; and
/// crc32c_multiply adds the exponents of such factors.
__attribute__((target("sse4.2,pclmul"))) static inline uint32_t crc32c_shift(size_t words) {
    uint32_t factor = 1;
    for (int bit = 62 - __builtin_clzll(words); bit >= 0; bit--) {
        factor = crc32c_multiply(factor, factor);
        if (words >> bit & 1) { factor = crc32c_multiply(factor, 1); }
    }
    return factor;
}

__attribute__((target("sse4.2,pclmul"))) static inline uint64_t crc32c_word(uint64_t crc, const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return __builtin_ia32_crc32di(crc, word);
}

/// Extends `crc` (0 to begin with) by `count` bytes. The instruction takes three cycles but one can start in each, so
/// long inputs are cut into three equal streams, whose CRCs are shifted and added at the end.
__attribute__((target("sse4.2,pclmul"))) static inline uint32_t crc32c_hardware(
    uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *at = (const uint8_t *)bytes;
    uint64_t first = (uint32_t)~crc;
    if (count >= 1024) {
        size_t words = count / 24, length = words * 8;
        uint64_t second = 0, third = 0;
        for (size_t word = 0; word < words; word++, at += 8) {
            first = crc32c_word(first, at);
            second = crc32c_word(second, at + length);
            third = crc32c_word(third, at + 2 * length);
        }
        uint32_t factor = crc32c_shift(words);
        first = crc32c_multiply((uint32_t)first, factor) ^ (uint32_t)second;
        first = crc32c_multiply((uint32_t)first, factor) ^ (uint32_t)third;
        at += 2 * length;
        count -= 3 * length;
    }
    for (; count >= 8; count -= 8, at += 8) { first = crc32c_word(first, at); }
    for (; count > 0; count--, at++) { first = __builtin_ia32_crc32qi((uint32_t)first, *at); }
    return ~(uint32_t)first;
}
#else
static inline bool crc32c_hardware_available(void) { return false; }
/// Never called here: `crc32c_hardware_available` says no.
static inline uint32_t crc32c_hardware(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}
#endif
