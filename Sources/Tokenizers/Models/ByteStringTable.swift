internal import Glibc

/// Byte strings and the number that each was given, as a hash table without an object for each.
struct ByteStringTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each string begins, and the end of the last.
    private var starts: [UInt32] = [0]
    private var values: [Int32] = []
    /// One more than a string's place in the order of adding; 0 for none.
    private var slots: [Int32]

    init(capacity: Int = 16) {
        var size = 32
        while size < capacity * 2 { size *= 2 }
        slots = [Int32](repeating: 0, count: size)
    }

    var count: Int { values.count }

    /// False where the string is there already, or all of them have more than 4 GiB.
    mutating func insert(_ key: UnsafeBufferPointer<UInt8>, _ value: Int32) -> Bool {
        if (values.count + 1) * 2 > slots.count { grow() }
        let slot = place(key)
        guard slots[slot] == 0, bytes.count + key.count <= Int(UInt32.max), values.count < Int(Int32.max) else {
            return false
        }
        bytes.append(contentsOf: key)
        starts.append(UInt32(bytes.count))
        values.append(value)
        slots[slot] = Int32(values.count)
        return true
    }

    /// Gives a string that is there another number.
    mutating func replace(_ text: String, _ value: Int32) {
        var text = text
        let number = text.withUTF8 { slots[place($0)] }
        if number > 0 { values[Int(number) - 1] = value }
    }

    @inline(__always) func find(_ key: UnsafeBufferPointer<UInt8>) -> Int32? {
        let number = slots[place(key)]
        return number == 0 ? nil : values[Int(number) - 1]
    }

    func find(_ text: String) -> Int32? {
        var text = text
        return text.withUTF8 { find($0) }
    }

    mutating func insert(_ text: String, _ value: Int32) -> Bool {
        var text = text
        return text.withUTF8 { insert($0, value) }
    }

    /// The slot that holds the key, or the empty one where it belongs.
    @inline(__always) private func place(_ key: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: SeededHash.of(key)) & mask
        while slots[slot] != 0, !holds(Int(slots[slot]) - 1, key) { slot = (slot + 1) & mask }
        return slot
    }

    @inline(__always) private func holds(_ index: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[index])
        guard Int(starts[index + 1]) - start == key.count else { return false }
        return key.isEmpty
            || bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + start, key.baseAddress!, key.count) == 0 }
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for index in values.indices {
            let slot = bytes.withUnsafeBufferPointer { all in
                place(UnsafeBufferPointer(rebasing: all[Int(starts[index])..<Int(starts[index + 1])]))
            }
            slots[slot] = Int32(index + 1)
        }
    }
}
