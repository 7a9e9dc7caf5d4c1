// libzmq's C interface, with what its header leaves out.
#pragma once
#include <zmq.h>

// C that Transport needs: only C reaches the CRC32C instruction and parts of the C library.
#include "crc32c.h"
#include "linux.h"

/// Honoured by libzmq 4.3 but missing from Debian's header: refuse peers when a ZAP domain has no handler.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
