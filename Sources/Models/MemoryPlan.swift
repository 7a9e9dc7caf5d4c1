/// Places byte ranges with known lifetimes into one arena, so that ranges alive at the same time never overlap.
///
/// Largest first, each at the lowest offset that is free over its whole lifetime: near the lower bound for the few
/// dozen ranges of a stage.
package struct MemoryPlan {
    package static let alignment = 64

    package struct Request {
        package var bytes: Int
        package var lifetime: ClosedRange<Int>

        package init(bytes: Int, lifetime: ClosedRange<Int>) {
            self.bytes = bytes
            self.lifetime = lifetime
        }
    }

    package private(set) var offsets: [Int]
    package private(set) var byteCount = 0

    package init(_ requests: [Request]) {
        offsets = Array(repeating: 0, count: requests.count)
        var placed: [(lifetime: ClosedRange<Int>, range: Range<Int>)] = []
        let order = requests.indices.sorted {
            (requests[$1].bytes, $0) < (requests[$0].bytes, $1)
        }
        for index in order {
            let size = Self.aligned(requests[index].bytes)
            let taken = placed.filter { $0.lifetime.overlaps(requests[index].lifetime) }.map(\.range)
                .sorted { $0.lowerBound < $1.lowerBound }
            var offset = 0
            for range in taken where range.lowerBound < offset + size { offset = max(offset, range.upperBound) }
            offsets[index] = offset
            placed.append((requests[index].lifetime, offset..<offset + size))
            byteCount = max(byteCount, offset + size)
        }
    }

    package static func aligned(_ bytes: Int) -> Int { (max(bytes, 1) + alignment - 1) / alignment * alignment }
}
