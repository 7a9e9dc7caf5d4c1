#define _GNU_SOURCE
#include "CKernels.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define FEATURE(name, bit) (__builtin_cpu_supports(name) ? (uint32_t)(bit) : 0)

uint32_t ck_cpu_features(void) {
    __builtin_cpu_init();
    return FEATURE("avx2", CK_AVX2) | FEATURE("fma", CK_FMA) | FEATURE("avx512f", CK_AVX512F)
        | FEATURE("avx512dq", CK_AVX512DQ) | FEATURE("avx512bw", CK_AVX512BW) | FEATURE("avx512vl", CK_AVX512VL)
        | FEATURE("avx512cd", CK_AVX512CD) | FEATURE("avx512bf16", CK_AVX512BF16)
        | FEATURE("avx512vnni", CK_AVX512VNNI);
}

void ck_cpu_name(char name[49]) {
    memset(name, 0, 49);
    if (__get_cpuid_max(0x80000000u, 0) < 0x80000004u) return;
    uint32_t registers[12];
    for (uint32_t leaf = 0; leaf < 3; leaf++) {
        uint32_t *r = registers + 4 * leaf;
        __get_cpuid(0x80000002u + leaf, r, r + 1, r + 2, r + 3);
    }
    memcpy(name, registers, 48);
}

int ck_cpu_is_intel(void) {
    uint32_t highest, b, c, d;
    if (!__get_cpuid(0, &highest, &b, &c, &d)) return 0;
    return b == signature_INTEL_ebx && c == signature_INTEL_ecx && d == signature_INTEL_edx;
}
#else
// Elsewhere the baseline holds all that the kernels use.
uint32_t ck_cpu_features(void) { return 0; }
void ck_cpu_name(char name[49]) { memset(name, 0, 49); }
int ck_cpu_is_intel(void) { return 0; }
#endif

static int set_of(const int32_t *cores, size_t count, cpu_set_t *set) {
    CPU_ZERO(set);
    for (size_t i = 0; i < count; i++) {
        if (cores[i] < 0 || cores[i] >= CPU_SETSIZE) return EINVAL;
        CPU_SET(cores[i], set);
    }
    return 0;
}

int ck_pin_to_cores(const int32_t *cores, size_t count) {
    cpu_set_t set;
    if (set_of(cores, count, &set) != 0) return EINVAL;
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return errno;
    int status = 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        pid_t thread = (pid_t)strtol(entry->d_name, 0, 10);
        // A thread that has just ended is no failure.
        if (thread > 0 && sched_setaffinity(thread, sizeof set, &set) != 0 && errno != ESRCH) status = errno;
    }
    closedir(threads);
    return status;
}

int ck_pin_thread_to_cores(const int32_t *cores, size_t count) {
    cpu_set_t set;
    if (set_of(cores, count, &set) != 0) return EINVAL;
    return sched_setaffinity(0, sizeof set, &set) != 0 ? errno : 0;
}

size_t ck_allowed_cores(int32_t *cores, size_t capacity) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    size_t count = 0;
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &set)) continue;
        if (count < capacity) cores[count] = core;
        count++;
    }
    return count;
}
