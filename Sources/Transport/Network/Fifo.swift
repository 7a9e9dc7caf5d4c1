/// A first-in, first-out queue in a ring: allocates only when it grows.
struct Fifo<Element> {
    private var ring: [Element?]
    private var head = 0
    private(set) var count = 0

    init(capacity: Int = 4) { ring = Array(repeating: nil, count: max(1, capacity)) }

    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : ring[head] }

    mutating func append(_ element: Element) {
        if count == ring.count { grow() }
        ring[(head + count) % ring.count] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = ring[head]
        ring[head] = nil
        head = (head + 1) % ring.count
        count -= 1
        return element
    }

    private mutating func grow() {
        ring = Array(ring[head...]) + Array(ring[..<head]) + Array(repeating: nil, count: ring.count)
        head = 0
    }
}

extension Fifo: Sendable where Element: Sendable {}
