import Glibc

/// What a process makes sure of before it does anything: whoever started it may have left odd things behind.
package enum Startup {
    package static func prepare() {
        openStandardStreams()
        // Ignored by the parent, the system would forget children as they end: nobody could wait for them.
        signal(SIGCHLD, SIG_DFL)
        // Process lists show the last part of the path that was started: `exe` of `/proc/self/exe`.
        try? File.write("echelon".utf8, to: "/proc/self/comm")
    }

    /// Opens descriptors 0 to 2 where they are closed: else the next files that are opened would take these numbers, and
    /// what is said to the user would land in them.
    package static func openStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The system takes the lowest number that is free: this one.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
