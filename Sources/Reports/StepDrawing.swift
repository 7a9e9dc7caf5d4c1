/// One step as rows of characters: a rank a row, 88 cells of equal time.
struct StepDrawing {
    private let step: MedianStep
    private let names: [String]
    private let cells = 88

    init(_ step: MedianStep, names: [String]) {
        self.step = step
        self.names = names
    }

    var text: String {
        let title = "Step \(step.step), of median length: \(Format.milliseconds(step.lengthMs)) ms"
        let legend = "F forward  B backward  I W its halves  R recompute  o optimizer  · idle"
        let used = Set(step.lanes.flatMap(\.work).map(\.category))
        let shown =
            used.contains(.backwardInput) || used.contains(.recompute)
            ? legend : "F forward  B backward  o optimizer  · idle"
        let gap = max(2, Paragraph.width - title.count - shown.count)
        let rows = zip(step.lanes, names).map { "  " + $1.padded(to: 10) + row($0) }
        return ([title + String(repeating: " ", count: gap) + shown] + rows).joined(separator: "\n")
    }

    /// Each cell shows whether the rank worked or idled most of that time.
    ///
    /// Work that is shorter than a cell takes turns, in proportion: what a cell did not show is owed to the next.
    private func row(_ lane: MedianStep.Lane) -> String {
        let cell = step.lengthMs / Double(cells)
        var row = ""
        var next = 0
        var owed: [Character: Double] = [:]
        for index in 0..<cells {
            let (from, to) = (Double(index) * cell, Double(index + 1) * cell)
            while next < lane.work.count, lane.work[next].endMs <= from { next += 1 }
            let times = self.times(lane.work[next...], from: from, to: to)
            guard times.reduce(0, { $0 + $1.value }) >= cell / 2 else {
                owed = [:]
                row.append("·")
                continue
            }
            owed = times.merging(owed.filter { times[$0.key] != nil }, uniquingKeysWith: +)
            let most = owed.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "·"
            owed[most, default: 0] -= cell
            row.append(most)
        }
        return row
    }

    /// How long each symbol's work took between two times.
    private func times(_ work: ArraySlice<MedianStep.Span>, from: Double, to: Double) -> [Character: Double] {
        var times: [Character: Double] = [:]
        for span in work {
            guard span.startMs < to else { break }
            let ms = min(to, span.endMs) - max(from, span.startMs)
            if ms > 0 { times[span.category.symbol, default: 0] += ms }
        }
        return times
    }
}

extension Category {
    /// How work is drawn.
    var symbol: Character {
        switch self {
        case .forward: "F"
        case .backward: "B"
        case .backwardInput: "I"
        case .backwardWeight: "W"
        case .recompute: "R"
        case .optimizer: "o"
        default: "·"
        }
    }
}
