/// How many samples have which length, in bins that are exact up to 32 tokens and at most a sixteenth wide beyond.
package struct LengthHistogram: Hashable, Sendable {
    /// One bin: lengths from `least` to `most`.
    package struct Bin: Hashable, Sendable, Codable {
        package var least: Int
        package var most: Int
        package var samples: Int

        enum CodingKeys: String, CodingKey {
            case least = "from"
            case most = "to"
            case samples
        }
    }

    private var counts: [Int: Int] = [:]

    package init() {}

    package mutating func add(_ length: Int) { counts[Self.index(length), default: 0] += 1 }

    package mutating func add(_ bins: [Bin]) {
        for bin in bins {
            let (sum, overflow) = counts[Self.index(bin.least), default: 0].addingReportingOverflow(bin.samples)
            counts[Self.index(bin.least)] = overflow ? .max : sum
        }
    }

    /// Those that hold samples, shortest first.
    package var bins: [Bin] {
        counts.sorted { $0.key < $1.key }.map { index, count in
            Bin(least: Self.least(index), most: Self.least(index + 1) - 1, samples: count)
        }
    }

    /// The same in at most so many rows of equal width, empty ones between them included.
    package func rows(_ most: Int) -> [Bin] {
        let bins = bins
        guard let first = bins.first, let last = bins.last else { return [] }
        let width = (last.most - first.least) / most + 1
        var rows: [Bin] = []
        for start in stride(from: first.least, through: last.most, by: width) {
            let end = start + width - 1
            let samples = bins.lazy.filter { (start...end).contains(($0.least + $0.most) / 2) }.map(\.samples)
            rows.append(Bin(least: start, most: end, samples: samples.reduce(0) { $0 &+ $1 }))
        }
        return rows
    }

    /// Beyond all that a file holds; keeps sums of lengths from overflowing.
    private static let longest = 1 << 48

    private static func index(_ length: Int) -> Int {
        let length = min(max(length, 0), longest)
        guard length >= 32 else { return length }
        let octave = Int.bitWidth - 1 - length.leadingZeroBitCount
        return (octave - 3) << 4 + (length >> (octave - 4)) & 15
    }

    private static func least(_ index: Int) -> Int {
        guard index >= 32 else { return index }
        let octave = index >> 4 + 3
        return octave < Int.bitWidth - 1 ? (16 + index & 15) << (octave - 4) : .max
    }
}
