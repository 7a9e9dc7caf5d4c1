// libzmq's C interface, with what its header leaves out.
#pragma once
#include <zmq.h>

/// Honoured by libzmq 4.3 but missing from Debian's header: refuse peers when a ZAP domain has no handler.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
