// What a core's units can multiply and add at most: independent chains of vectors in registers, nothing read or written.
// Prints GFLOP/s, the median of 15 rounds of about 20 ms:
//
//     cc -O3 -march=native -ffp-contract=fast fma.c -o fma && taskset -c 0 ./fma
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __AVX512F__
#define LANES 16
#else
#define LANES 8
#endif
// As many chains as hide the latency of two units, in 16 registers with the two factors.
#define CHAINS 12
#define ROUNDS 15

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

// The chains' sum, so that none is left out.
static float multiply_add(long times, float factor) {
    vector chains[CHAINS], a, b;
    for (int lane = 0; lane < LANES; lane++) a[lane] = factor, b[lane] = 1e-9f;
    for (int chain = 0; chain < CHAINS; chain++) chains[chain] = b * (float)chain;
    for (long time = 0; time < times; time++) {
        for (int chain = 0; chain < CHAINS; chain++) {
            chains[chain] = chains[chain] * a + b;
            __asm__ volatile("" : "+x"(chains[chain]));
        }
    }
    float sum = 0;
    for (int chain = 0; chain < CHAINS; chain++) sum += chains[chain][0];
    return sum;
}

int main(int count, char **arguments) {
    const long times = 6000000;
    double rates[ROUNDS];
    volatile float sink = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        sink += multiply_add(times, 0.5f + count * 1e-3f);
        rates[round] = 2.0 * times * CHAINS * LANES / (seconds() - start) / 1e9;
    }
    qsort(rates, ROUNDS, sizeof rates[0], ascending);
    printf("%.1f\n", rates[ROUNDS / 2]);
    return arguments == NULL;
}
