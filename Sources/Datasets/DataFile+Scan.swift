internal import Systems

extension DataFile {
    /// The first of some little-endian numbers that is not below a limit, by its index in the file; nil: all are.
    ///
    /// Reads at the page cache's speed, some GB/s. A file of 64 MiB or more is scanned once: `cache` keeps what was found.
    /// - Parameter mask: is put over each number before it is compared: without their sign bit, floating-point numbers
    ///   are ordered like integers, with what is not finite at the end.
    func firstNumber<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        notBelow limit: UInt64, in range: Range<Int>, as: Number.Type, mask: Number = .max, cache: ScanCache
    ) throws(DatasetError) -> Int? {
        guard limit <= UInt64(Number.max) else { return nil }
        let size = MemoryLayout<Number>.size
        let entry = ScanCache.Entry(self, bits: Number.bitWidth, mask: UInt64(mask), limit: limit, range: range)
        let isLarge = range.count >= ScanCache.smallestFile / size
        if isLarge, cache.holds(entry) { return nil }
        if range.count >= ScanCache.longScan / size { cache.onLongScan?(path, range.count * size) }
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { chunk.deallocate() }
        var position = range.lowerBound
        while position < range.upperBound {
            let count = min(range.upperBound - position, chunk.count / size)
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(count * size)])
            try read(at: position * size, into: part)
            if let index = part.bindMemory(to: Number.self).firstIndex(notBelow: Number(limit), mask: mask) {
                return position + index
            }
            position += count
        }
        if isLarge { cache.keep(entry) }
        return nil
    }
}

extension UnsafeMutableBufferPointer where Element: FixedWidthInteger & UnsignedInteger {
    /// Looks for the largest first: a loop without a branch, so that it is vectorised.
    fileprivate func firstIndex(notBelow limit: Element, mask: Element) -> Int? {
        var largest: Element = 0
        for number in self { largest = Swift.max(largest, Element(littleEndian: number) & mask) }
        guard largest >= limit else { return nil }
        return firstIndex { Element(littleEndian: $0) & mask >= limit }
    }
}
