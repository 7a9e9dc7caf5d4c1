internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// An eventfd: any thread signals, one thread polls it together with its sockets.
final class WakeUp: Sendable {
    let descriptor: Int32

    init() throws(TransportError) {
        descriptor = eventfd_nonblocking()
        guard descriptor >= 0 else { throw .lastError("make an eventfd") }
    }

    deinit { close(descriptor) }

    func signal() {
        var one: UInt64 = 1
        while write(descriptor, &one, 8) < 0, errno == EINTR {}
    }

    /// Takes back all signals so far.
    func clear() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0, errno == EINTR {}
    }
}
