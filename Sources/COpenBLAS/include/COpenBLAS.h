// OpenBLAS, loaded when it is first used.
//
// Linked, it would start a thread for every core of the machine in each program that loads it, also where nothing is
// computed, and join them when the program ends: where the system grants no memory for such a thread, that never returns.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Loads the library; the other calls that do so end the process with this code and reason where that fails.
/// @returns 0, or an exit code: 64 where it is not installed, 75 where the system lacks something.
int ob_load(void);

/// Why `ob_load` failed.
const char *ob_load_failure(void);

/// c[m × n] = op(a)[m × k] · op(b)[k × n] + beta · c, row-major. Loads the library.
void ob_sgemm(
    bool transpose_a, bool transpose_b, int32_t m, int32_t n, int32_t k, const float *a, int32_t stride_a,
    const float *b, int32_t stride_b, float beta, float *c, int32_t stride_c);

/// How many threads compute each product from now on. Loads nothing.
void ob_set_threads(int32_t threads);

/// Loads the library and starts the threads that `ob_set_threads` asked for: on the cores that the caller may use now.
void ob_start_threads(void);

/// The core whose kernels the library uses, as OpenBLAS spells it. Loads the library; starts no threads.
const char *ob_core_name(void);

/// The library's own words about how it was built. Loads the library; starts no threads.
const char *ob_config(void);
