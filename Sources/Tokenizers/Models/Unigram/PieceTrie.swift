/// Byte strings by their beginnings: the children of a node lie side by side, ordered by their byte.
struct PieceTrie: Sendable {
    private var firstChild: [UInt32] = [0]
    private var childCount: [UInt16] = [0]
    private var labels: [UInt8] = [0]
    /// The piece that ends at a node; -1 for none.
    private var values: [Int32] = [-1]
    /// Children of the root, by byte; 0 for none.
    private var roots = [UInt32](repeating: 0, count: 256)

    /// - Parameter keys: sorted, without doubles or an empty one; each has the number of its place in `numbers`.
    init(sortedKeys keys: [[UInt8]], numbers: [Int32]) {
        // Level by level: a node of the next level is a range of keys that share their first bytes.
        var level: [(node: Int, keys: Range<Int>)] = [(0, 0..<keys.count)]
        var depth = 0
        while !level.isEmpty {
            var below: [(node: Int, keys: Range<Int>)] = []
            for (node, range) in level { addChildren(of: node, keys, range, depth, numbers, &below) }
            level = below
            depth += 1
        }
        for child in children(of: 0) { roots[Int(labels[child])] = UInt32(child) }
    }

    private mutating func addChildren(
        of node: Int, _ keys: [[UInt8]], _ range: Range<Int>, _ depth: Int, _ numbers: [Int32],
        _ below: inout [(node: Int, keys: Range<Int>)]
    ) {
        firstChild[node] = UInt32(labels.count)
        var start = range.lowerBound
        while start < range.upperBound {
            let label = keys[start][depth]
            var end = start + 1
            while end < range.upperBound, keys[end][depth] == label { end += 1 }
            let endsHere = keys[start].count == depth + 1
            let child = labels.count
            labels.append(label)
            values.append(endsHere ? numbers[start] : -1)
            firstChild.append(0)
            childCount.append(0)
            childCount[node] += 1
            let rest = (endsHere ? start + 1 : start)..<end
            if !rest.isEmpty { below.append((child, rest)) }
            start = end
        }
    }

    private func children(of node: Int) -> Range<Int> {
        Int(firstChild[node])..<Int(firstChild[node]) + Int(childCount[node])
    }

    /// Calls `found` with the end and number of each piece that begins here, shortest first.
    @inline(__always) func forEachPrefix(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ found: (Int, Int32) -> Void
    ) {
        var node = Int(roots[Int(text[start])])
        var at = start + 1
        while node != 0 {
            if values[node] >= 0 { found(at, values[node]) }
            guard at < end else { return }
            node = child(of: node, text[at])
            at += 1
        }
    }

    /// 0 for none.
    @inline(__always) private func child(of node: Int, _ label: UInt8) -> Int {
        var low = Int(firstChild[node])
        var high = low + Int(childCount[node])
        while high - low > 8 {
            let middle = (low + high) / 2
            if labels[middle] <= label { low = middle } else { high = middle }
        }
        while low < high {
            if labels[low] == label { return low }
            low += 1
        }
        return 0
    }
}
