// What Swift's Glibc module leaves out, and a worker's network thread needs.
#pragma once
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/// Names the calling thread, as tools show it; at most 15 bytes are kept. prctl is variadic, which Swift cannot call.
static inline void thread_set_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// The macros are too complex to import.
static inline int eventfd_nonblocking(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
