import Glibc

/// The cores that this process may run on, as the system numbers them.
public enum CoreList {
    public static var available: [Int] {
        var set = cpu_set_t()
        guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return [0] }
        return withUnsafeBytes(of: set) { bytes in
            bytes.indices.flatMap { byte in (0..<8).filter { bytes[byte] >> $0 & 1 == 1 }.map { byte * 8 + $0 } }
        }
    }
}
