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
static pthread_once_t taking_buffer = PTHREAD_ONCE_INIT;
static atomic_int wanted_threads = 1;
static atomic_int granted_threads = 1;

// Why it cannot be used; the code is 0 where it can.
static struct {
    int code;
    char text[1024];
} failure;

static bool is_there(void *pointer) {
    if (pointer) return true;
    const char *reason = dlerror();
    bool is_missing = reason && strstr(reason, "No such file");
    failure.code = is_missing ? 64 : 75;
    snprintf(
        failure.text, sizeof failure.text, "cannot load OpenBLAS: %s%s", reason ? reason : "the system does not say why",
        is_missing ? "; install it (Debian and Ubuntu: libopenblas0)" : "");
    return false;
}

// Each thread that computes maps a buffer of the library's own, and goes on trying for ever where the system grants none.
static bool has_room(int buffers) {
    size_t bytes = (size_t)buffers << 27;
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) {
        failure.code = 75;
        snprintf(
            failure.text, sizeof failure.text,
            "OpenBLAS needs %zu MiB of address space for its buffers, and the system grants none: raise the limit "
            "(ulimit -v)", bytes >> 20);
        return false;
    }
    munmap(room, bytes);
    return true;
}

// The library reads its number of threads as it is loaded, and starts them at once: it gets none beside the caller's.
static void load(void) {
    const char *given = getenv(threads_variable);
    char *before = given ? strdup(given) : NULL;
    setenv(threads_variable, "1", 1);
    void *handle = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    bool is_loaded = is_there(handle);
    if (before) setenv(threads_variable, before, 1);
    else unsetenv(threads_variable);
    free(before);
    if (!is_loaded || !has_room(1)) return;
    (void)(is_there(library.sgemm = dlsym(handle, "cblas_sgemm"))
        && is_there(library.set_num_threads = dlsym(handle, "openblas_set_num_threads"))
        && is_there(library.core_name = dlsym(handle, "openblas_get_corename"))
        && is_there(library.config = dlsym(handle, "openblas_get_config")));
}

int ob_load(void) {
    pthread_once(&loading, load);
    return failure.code;
}

const char *ob_load_failure(void) { return failure.text; }

// As the dynamic loader does for libraries that are linked: without it there is nothing to go on with.
static void give_up(void) {
    fprintf(stderr, "echelon: %s\n", failure.text);
    exit(failure.code);
}

static void require_library(void) {
    pthread_once(&loading, load);
    if (failure.code != 0) give_up();
}

// The calling thread's buffer is mapped by its first product. That is done before anything else is computed, while there
// is room: later the memory of a stage may have taken it.
static void take_buffer(void) {
    enum { side = 128 };  // the library multiplies much smaller matrices without a buffer
    if (!has_room(1)) give_up();
    float *values = calloc(3 * side * side, sizeof *values);
    if (!values) return;
    float *a = values, *b = a + side * side, *c = b + side * side;
    library.sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, side, side, side, 1, a, side, b, side, 0, c, side);
    free(values);
}

void ob_start_threads(void) {
    require_library();
    pthread_once(&taking_buffer, take_buffer);
    int threads = atomic_load_explicit(&wanted_threads, memory_order_relaxed);
    if (threads == atomic_load_explicit(&granted_threads, memory_order_relaxed)) return;
    if (threads > 1 && !has_room(threads - 1)) give_up();
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
    require_library();
    return library.core_name();
}

const char *ob_config(void) {
    require_library();
    return library.config();
}
