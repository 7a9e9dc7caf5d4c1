/// The ids of short texts that came before.
struct PartCache {
    private struct Entry {
        var hash: UInt64
        var keyStart: UInt32
        var keyCount: UInt32
        var start: UInt32
        var count: UInt32
    }

    /// One more than an entry's index, 0 for none; the first free slot behind a hash's own is its place.
    private var slots: [UInt32] = []
    private var entries: [Entry] = []
    private var keys: [UInt8] = []
    private var ids: [Int32] = []

    private static let slotCount = 1 << 16
    /// Longer texts seldom come again.
    static let keyLimit = 48

    /// The ids of a text; nil where they are not known.
    func ids(of text: UnsafeBufferPointer<UInt8>) -> ArraySlice<Int32>? {
        guard !slots.isEmpty else { return nil }
        let hash = byteHash(text)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if entry.hash == hash, Int(entry.keyCount) == text.count, isKey(entry, text) {
                return ids[Int(entry.start)..<Int(entry.start + entry.count)]
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return nil
    }

    /// - Parameter text: not there yet, of at most `keyLimit` bytes.
    mutating func insert(_ text: UnsafeBufferPointer<UInt8>, _ new: [Int32]) {
        if slots.isEmpty || entries.count >= Self.slotCount / 2 { empty() }
        let hash = byteHash(text)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (Self.slotCount - 1) }
        entries.append(
            Entry(
                hash: hash, keyStart: UInt32(keys.count), keyCount: UInt32(text.count), start: UInt32(ids.count),
                count: UInt32(new.count)))
        slots[slot] = UInt32(entries.count)
        keys.append(contentsOf: text)
        ids += new
    }

    private func isKey(_ entry: Entry, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        keys.withUnsafeBufferPointer { keys in
            for at in 0..<text.count where keys[Int(entry.keyStart) + at] != text[at] { return false }
            return true
        }
    }

    private mutating func empty() {
        slots = Array(repeating: 0, count: Self.slotCount)
        entries.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
    }
}
