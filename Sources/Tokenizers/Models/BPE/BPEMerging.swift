/// Merges the pair of symbols whose merge comes first, the leftmost of several, until none is left.
struct BPEMerging {
    /// For each symbol the merge with its right neighbour.
    private var merges: [UInt64] = []
    /// Of long words: neighbours, and the places to merge as a heap of rank above place.
    private var previous: [Int32] = []
    private var next: [Int32] = []
    private var heap: [UInt64] = []

    /// A word of so many symbols is searched from end to end for each merge; a longer one has a heap.
    private static let longestScan = 40

    mutating func merge(_ symbols: inout BPESymbols, _ pairs: PairTable) {
        if symbols.ids.count < 2 { return }
        if symbols.ids.count <= Self.longestScan { scan(&symbols, pairs) } else { drain(&symbols, pairs) }
    }

    private mutating func scan(_ symbols: inout BPESymbols, _ pairs: PairTable) {
        var count = symbols.ids.count
        merges.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 { merges.append(pairs.find(symbols.ids[index], symbols.ids[index + 1])) }
        merges.append(PairTable.none)
        symbols.ids.withUnsafeMutableBufferPointer { ids in
            symbols.lengths.withUnsafeMutableBufferPointer { lengths in
                merges.withUnsafeMutableBufferPointer { merges in
                    while true {
                        var best = PairTable.none
                        var at = 0
                        // Merges of one rank may make different tokens: the rank alone decides.
                        for index in 0..<count - 1 where merges[index] >> 32 < best >> 32 {
                            best = merges[index]
                            at = index
                        }
                        guard best != PairTable.none else { return }
                        ids[at] = PairTable.token(best)
                        lengths[at] += lengths[at + 1]
                        for index in at + 1..<count - 1 {
                            ids[index] = ids[index + 1]
                            lengths[index] = lengths[index + 1]
                            merges[index] = merges[index + 1]
                        }
                        count -= 1
                        merges[at] = at + 1 < count ? pairs.find(ids[at], ids[at + 1]) : PairTable.none
                        if at > 0 { merges[at - 1] = pairs.find(ids[at - 1], ids[at]) }
                    }
                }
            }
        }
        symbols.ids.removeLast(symbols.ids.count - count)
        symbols.lengths.removeLast(symbols.lengths.count - count)
    }

    private mutating func drain(_ symbols: inout BPESymbols, _ pairs: PairTable) {
        let count = symbols.ids.count
        previous = (-1..<Int32(count) - 1).map { $0 }
        next = (1..<Int32(count) + 1).map { $0 }
        next[count - 1] = -1
        heap.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 { push(index, pairs.find(symbols.ids[index], symbols.ids[index + 1])) }
        while let top = pop() {
            let at = Int(top & 0xFFFF_FFFF)
            // A symbol that was merged away has id -1; a place whose pair changed has another entry.
            guard symbols.ids[at] >= 0, next[at] >= 0 else { continue }
            let right = Int(next[at])
            let merge = pairs.find(symbols.ids[at], symbols.ids[right])
            guard merge != PairTable.none, merge >> 32 == top >> 32 else { continue }
            symbols.ids[at] = PairTable.token(merge)
            symbols.lengths[at] += symbols.lengths[right]
            symbols.ids[right] = -1
            next[at] = next[right]
            if next[at] >= 0 {
                previous[Int(next[at])] = Int32(at)
                push(at, pairs.find(symbols.ids[at], symbols.ids[Int(next[at])]))
            }
            if previous[at] >= 0 {
                let left = Int(previous[at])
                push(left, pairs.find(symbols.ids[left], symbols.ids[at]))
            }
        }
        var kept = 0
        for index in 0..<count where symbols.ids[index] >= 0 {
            symbols.ids[kept] = symbols.ids[index]
            symbols.lengths[kept] = symbols.lengths[index]
            kept += 1
        }
        symbols.ids.removeLast(count - kept)
        symbols.lengths.removeLast(count - kept)
    }

    private mutating func push(_ at: Int, _ merge: UInt64) {
        guard merge != PairTable.none else { return }
        heap.append(merge & ~0xFFFF_FFFF | UInt64(at))
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, heap[child] < heap[parent] {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() -> UInt64? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return top }
        var parent = 0
        while case let left = 2 * parent + 1, left < heap.count {
            let child = left + 1 < heap.count && heap[left + 1] < heap[left] ? left + 1 : left
            guard heap[child] < last else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return top
    }
}
