#include "CAllocations.h"

#include <errno.h>

// glibc's own, which the functions below stand before. What they give, glibc's free takes.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Thread_local int is_counting;
static _Thread_local struct ca_count counted;

static void note(size_t size) {
    if (!is_counting) return;
    counted.allocations++;
    counted.bytes += size;
}

void ca_begin(void) {
    counted = (struct ca_count){0};
    is_counting = 1;
}

struct ca_count ca_end(void) {
    is_counting = 0;
    return counted;
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    note(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}
