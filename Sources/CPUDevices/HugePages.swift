import Glibc
import Tensors

/// Memory mapped for one block alone. From malloc, a block that begins on a huge page has another one before it, for the
/// few bytes that malloc keeps there.
enum HugePages {
    static let size = 2 << 20

    static func allocate(byteCount: Int) throws(TensorError) -> DeviceMemory {
        // Enough to begin where a huge page does; what lies before and behind is given back.
        let (mapped, overflow) = byteCount.addingReportingOverflow(size)
        guard !overflow else {
            errno = ENOMEM
            throw HostMemory.exhausted(byteCount: byteCount)
        }
        guard let start = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED
        else { throw HostMemory.exhausted(byteCount: byteCount) }
        let address = start.alignedUp(toMultipleOf: size)
        let end = (address + byteCount).alignedUp(toMultipleOf: sysconf(Int32(_SC_PAGESIZE)))
        unmap(start, to: address)
        unmap(end, to: start + mapped)
        let kept = end - address
        _ = madvise(address, kept, MADV_HUGEPAGE)
        return DeviceMemory(address: address, byteCount: byteCount) { munmap($0, kept) }
    }

    private static func unmap(_ start: UnsafeMutableRawPointer, to end: UnsafeMutableRawPointer) {
        if start < end { munmap(start, end - start) }
    }
}
