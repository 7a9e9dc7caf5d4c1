#include "COpenBLAS.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Debian's alternatives put <cblas.h> and the library below on the default paths, whichever threading flavour is
// installed.
static const char *const library_name = "libopenblas.so.0";
static const char *const threads_variable = "OPENBLAS_NUM_THREADS";

static struct {
    __typeof__(cblas_sgemm) *sgemm;
    void (*set_num_threads)(int);
    char *(*core_name)(void);
    char *(*config)(void);
} library;
static pthread_once_t loading = PTHREAD_ONCE_INIT;
static atomic_int wanted_threads = 1;
static atomic_int granted_threads = 1;

// As the dynamic loader does for libraries that are linked: without it there is nothing to go on with.
static void *required(void *pointer) {
    if (pointer) return pointer;
    const char *reason = dlerror();
    bool is_missing = reason && strstr(reason, "No such file");
    fprintf(
        stderr, "echelon: cannot load OpenBLAS: %s%s\n", reason ? reason : "the system does not say why",
        is_missing ? "; install it (Debian and Ubuntu: libopenblas0)" : "");
    exit(is_missing ? 64 : 75);
}

// A product's first call maps buffers of the library's own, and goes on trying for ever where the system grants none.
static void require_room(void) {
    size_t bytes = (size_t)128 << 20;
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) {
        fprintf(
            stderr, "echelon: OpenBLAS needs %zu MiB of address space for its buffers, and the system grants none: "
            "raise the limit (ulimit -v)\n", bytes >> 20);
        exit(75);
    }
    munmap(room, bytes);
}

// The library reads its number of threads as it is loaded, and starts them at once: it gets none beside the caller's.
static void load(void) {
    const char *given = getenv(threads_variable);
    char *before = given ? strdup(given) : NULL;
    setenv(threads_variable, "1", 1);
    void *handle = required(dlopen(library_name, RTLD_NOW | RTLD_LOCAL));
    if (before) setenv(threads_variable, before, 1);
    else unsetenv(threads_variable);
    free(before);
    require_room();
    library.sgemm = required(dlsym(handle, "cblas_sgemm"));
    library.set_num_threads = required(dlsym(handle, "openblas_set_num_threads"));
    library.core_name = required(dlsym(handle, "openblas_get_corename"));
    library.config = required(dlsym(handle, "openblas_get_config"));
}

void ob_start_threads(void) {
    pthread_once(&loading, load);
    int threads = atomic_load_explicit(&wanted_threads, memory_order_relaxed);
    if (threads == atomic_load_explicit(&granted_threads, memory_order_relaxed)) return;
    library.set_num_threads(threads);
    atomic_store_explicit(&granted_threads, threads, memory_order_relaxed);
}

void ob_sgemm(
    bool transpose_a, bool transpose_b, int32_t m, int32_t n, int32_t k, const float *a, int32_t stride_a,
    const float *b, int32_t stride_b, float beta, float *c, int32_t stride_c) {
    ob_start_threads();
    library.sgemm(
        CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1, a,
        stride_a, b, stride_b, beta, c, stride_c);
}

void ob_set_threads(int32_t threads) { atomic_store_explicit(&wanted_threads, threads, memory_order_relaxed); }

const char *ob_core_name(void) {
    pthread_once(&loading, load);
    return library.core_name();
}

const char *ob_config(void) {
    pthread_once(&loading, load);
    return library.config();
}
