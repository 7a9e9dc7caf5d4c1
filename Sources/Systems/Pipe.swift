import Glibc

/// The two ends of a pipe, closed in child processes. Whoever makes it closes both.
package struct Pipe: Sendable {
    package let read: Int32
    package let write: Int32

    package init() throws(SystemError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemError("make", "a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (read, write) = (ends[0], ends[1])
    }
}
