import Glibc

/// The memory that may be used here, and what limits it.
package struct MemoryLimit: Hashable, Sendable {
    package var bytes: Int
    /// `this machine's memory`, `the control group's memory.max of /sys/fs/cgroup/job`, `the limit of ulimit -v`
    package var source: String

    package init(bytes: Int, source: String) {
        self.bytes = bytes
        self.source = source
    }

    /// Of all processes together: the machine's memory or a control group's, whichever is less.
    package static var together: MemoryLimit {
        least([machine] + ControlGroup.own.memoryLimits)
    }

    /// Of the machine.
    package static var machine: MemoryLimit {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        let product = max(pages, 0).multipliedReportingOverflow(by: max(size, 0))
        return MemoryLimit(bytes: product.overflow ? .max : product.partialValue, source: "this machine's memory")
    }

    /// Of one process: `ulimit -v` or `-d`, whichever is less; nil without either.
    package static var ofProcess: MemoryLimit? {
        let limits = [(Int32(RLIMIT_AS.rawValue), "ulimit -v"), (Int32(RLIMIT_DATA.rawValue), "ulimit -d")].compactMap {
            (resource, name) -> MemoryLimit? in
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(UInt32(bitPattern: resource)), &limit) == 0 else { return nil }
            return Int(exactly: limit.rlim_cur).map { MemoryLimit(bytes: $0, source: "the limit of \(name)") }
        }
        return limits.isEmpty ? nil : least(limits)
    }

    private static func least(_ limits: [MemoryLimit]) -> MemoryLimit {
        limits.dropFirst().reduce(limits[0]) { $1.bytes < $0.bytes ? $1 : $0 }
    }
}
