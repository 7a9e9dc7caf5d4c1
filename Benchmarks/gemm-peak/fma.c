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
// As many chains as hide four or five cycles of latency of two units, and fit 16 registers beside the two factors.
#define CHAINS 10
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

// Each chain in a variable of its own, which the compiler keeps in a register; their sum, so that none is left out.
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9)
#define BEGIN(chain) vector chain_##chain = b * (float)(chain + 1);
#define STEP(chain) chain_##chain = chain_##chain * a + b;
#define SUM(chain) sum += chain_##chain;

static float multiply_add(long times, float factor) {
    vector a = (vector){0} + factor, b = (vector){0} + 1e-9f, sum = b;
    EACH(BEGIN)
    for (long time = 0; time < times; time++) {
        EACH(STEP)
    }
    EACH(SUM)
    return sum[0];
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
