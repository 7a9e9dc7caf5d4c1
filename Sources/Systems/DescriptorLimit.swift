import Glibc

/// How many descriptors (open files, sockets, pipes) this process may have at once. Children inherit the limit.
package enum DescriptorLimit {
    /// The limit in force, and how far this process may raise it.
    package static var current: (soft: Int, hard: Int) {
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return (1024, 1024) }
        return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
    }

    private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    /// Sees that `count` descriptors are allowed, as far as that can be had.
    /// - Returns: how many are allowed now.
    package static func raise(to count: Int) -> Int {
        let (soft, hard) = current
        guard soft < count, soft < hard else { return soft }
        var limit = rlimit(rlim_cur: rlim_t(min(count, hard)), rlim_max: rlim_t(hard))
        guard setrlimit(kind, &limit) == 0 else { return soft }
        return min(count, hard)
    }

    /// How many more this process may open.
    package static var room: Int { max(0, current.soft - inUse) }

    /// Counted by asking for each number: a listing of /proc needs a descriptor itself. Numbers beyond the first few
    /// thousand are not looked at: the system hands out the lowest that is free.
    package static var inUse: Int {
        (0..<Int32(clamping: min(current.soft, 4096))).count { fcntl($0, F_GETFD) >= 0 }
    }
}
