// What Swift's Glibc module leaves out, and a worker's network thread needs.
#pragma once
#include <malloc.h>
#include <sys/eventfd.h>

/// The macros are too complex to import.
static inline int eventfd_nonblocking(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
