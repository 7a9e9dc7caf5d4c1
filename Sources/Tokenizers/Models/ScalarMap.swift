/// A number for each of some Unicode scalars, in pages of 256.
struct ScalarMap: Sendable {
    /// For each page its place in `entries`; 0 is the page of none.
    private var pages = [UInt16](repeating: 0, count: 0x1100)
    private var entries = [Int32](repeating: -1, count: 256)

    mutating func set(_ scalar: UnicodeScalar, _ value: Int32) {
        let page = Int(scalar.value >> 8)
        if pages[page] == 0 {
            pages[page] = UInt16(entries.count >> 8)
            entries.append(contentsOf: repeatElement(-1, count: 256))
        }
        entries[Int(pages[page]) << 8 | Int(scalar.value & 0xFF)] = value
    }

    /// -1 for a scalar without a number.
    @inline(__always) func find(_ scalar: UInt32) -> Int32 {
        entries[Int(pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
    }
}
