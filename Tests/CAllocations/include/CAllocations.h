// Counts what a thread allocates: a test program that links this has every malloc go through it.
#pragma once
#include <stddef.h>

struct ca_count {
    size_t allocations;
    size_t bytes;
    /// By the libraries of matrix products, for the length of one call: theirs to decide.
    size_t by_libraries;
};

/// From now on, this thread's allocations are counted.
void ca_begin(void);
/// What this thread allocated since `ca_begin`; counting ends.
struct ca_count ca_end(void);
