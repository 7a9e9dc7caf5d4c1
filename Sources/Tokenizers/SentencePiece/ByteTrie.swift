/// Byte strings by their beginnings: finds which of them begin at a place in a text, in time that grows with the longest.
struct ByteTrie: Sendable {
    private struct Node {
        /// The first of its children, which follow each other, sorted by their bytes.
        var first: UInt32
        var count: UInt16
        /// What leads here.
        var byte: UInt8
        /// The value of the string that ends here, or −1.
        var value: Int32
    }

    private var nodes = [Node(first: 0, count: 0, byte: 0, value: -1)]
    /// The root's child for each byte, 0 for none.
    private var roots = [UInt32](repeating: 0, count: 256)

    var isEmpty: Bool { nodes.count == 1 }

    init() {}

    /// - Parameter entries: not empty, each at most once, of less than 2³¹ bytes together.
    init(_ entries: [(key: [UInt8], value: Int32)]) {
        let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var open = [(node: 0, range: 0..<sorted.count, depth: 0)]
        var next = 0
        while next < open.count {
            var (node, range, depth) = open[next]
            next += 1
            if let first = range.first, sorted[first].key.count == depth {
                nodes[node].value = sorted[first].value
                range = range.dropFirst()
            }
            nodes[node].first = UInt32(nodes.count)
            while let start = range.first {
                let byte = sorted[start].key[depth]
                let end = range.first { sorted[$0].key[depth] != byte } ?? range.upperBound
                open.append((nodes.count, start..<end, depth + 1))
                nodes.append(Node(first: 0, count: 0, byte: byte, value: -1))
                nodes[node].count += 1
                range = end..<range.upperBound
            }
            // What was visited is not needed any more.
            if next > 1 << 16 {
                open.removeFirst(next)
                next = 0
            }
        }
        for child in children(of: 0) { roots[Int(nodes[child].byte)] = UInt32(child) }
    }

    private func children(of node: Int) -> Range<Int> {
        Int(nodes[node].first)..<Int(nodes[node].first) + Int(nodes[node].count)
    }

    /// Calls `body` with the value and end of each string that begins at `start`, shortest first.
    @inline(__always)
    func forEachMatch(in text: UnsafeBufferPointer<UInt8>, at start: Int, _ body: (Int32, Int) -> Void) {
        guard start < text.count else { return }
        var node = Int(roots[Int(text[start])])
        var at = start + 1
        nodes.withUnsafeBufferPointer { nodes in
            while node != 0 {
                let found = nodes[node]
                if found.value >= 0 { body(found.value, at) }
                guard at < text.count else { return }
                node = Self.child(of: found, byte: text[at], nodes)
                at += 1
            }
        }
    }

    /// The longest string that begins at `start`.
    func longest(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (value: Int32, end: Int)? {
        var result: (value: Int32, end: Int)?
        forEachMatch(in: text, at: start) { result = ($0, $1) }
        return result
    }

    /// The first place at `start` or behind it where a string begins, and the longest one there.
    func first(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (range: Range<Int>, value: Int32)? {
        guard !isEmpty else { return nil }
        for at in start..<max(start, text.count) where roots[Int(text[at])] != 0 {
            if let found = longest(in: text, at: at) { return (at..<found.end, found.value) }
        }
        return nil
    }

    private static func child(of node: Node, byte: UInt8, _ nodes: UnsafeBufferPointer<Node>) -> Int {
        var (low, high) = (Int(node.first), Int(node.first) + Int(node.count))
        while low < high {
            let middle = (low + high) / 2
            let found = nodes[middle].byte
            if found == byte { return middle }
            if found < byte { low = middle + 1 } else { high = middle }
        }
        return 0
    }
}
