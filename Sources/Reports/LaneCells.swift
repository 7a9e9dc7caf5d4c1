/// A lane as cells of equal time, each of which shows the kind of work that filled most of it, or none.
///
/// Kinds of work shorter than a cell alternate in proportion to their time: what a cell did not show is added to the next.
struct LaneCells {
    /// nil: idle for more than half of the cell.
    let cells: [Category?]

    init(_ lane: MedianStep.Lane, lengthMs: Double, count: Int) {
        let cell = lengthMs / Double(count)
        var cells: [Category?] = []
        var next = 0
        var owed: [Category: Double] = [:]
        for index in 0..<count {
            let (from, to) = (Double(index) * cell, Double(index + 1) * cell)
            while next < lane.work.count, lane.work[next].endMs <= from { next += 1 }
            let times = Self.times(lane.work[next...], from: from, to: to)
            guard times.reduce(0, { $0 + $1.value }) >= cell / 2 else {
                owed = [:]
                cells.append(nil)
                continue
            }
            owed = times.merging(owed.filter { times[$0.key] != nil }, uniquingKeysWith: +)
            let most = owed.max { ($0.value, $1.key.symbol) < ($1.value, $0.key.symbol) }?.key
            if let most { owed[most, default: 0] -= cell }
            cells.append(most)
        }
        self.cells = cells
    }

    /// How long each kind of work took between two times.
    private static func times(
        _ work: ArraySlice<MedianStep.Span>, from: Double, to: Double
    ) -> [Category: Double] {
        var times: [Category: Double] = [:]
        for span in work {
            guard span.startMs < to else { break }
            let ms = min(to, span.endMs) - max(from, span.startMs)
            if ms > 0 { times[span.category, default: 0] += ms }
        }
        return times
    }
}
