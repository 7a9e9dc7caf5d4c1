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

    /// Each cell shows what the rank did most of that time; outside of its own step it is blank.
    private func row(_ lane: MedianStep.Lane) -> String {
        guard step.lengthMs > 0 else { return "" }
        let cell = step.lengthMs / Double(cells)
        var row = ""
        var next = 0
        for index in 0..<cells {
            let from = Double(index) * cell
            let to = from + cell
            while next < lane.work.count, lane.work[next].endMs <= from { next += 1 }
            row.append(symbol(lane, from: from, to: to, first: next))
        }
        return row
    }

    private func symbol(_ lane: MedianStep.Lane, from: Double, to: Double, first: Int) -> Character {
        var times: [(symbol: Character, ms: Double)] = []
        var idle = max(0, min(to, lane.endMs) - max(from, lane.startMs))
        let outside = (to - from) - idle
        for span in lane.work[first...] {
            guard span.startMs < to else { break }
            let ms = max(0, min(to, span.endMs) - max(from, span.startMs))
            idle -= ms
            times.append((span.category.symbol, ms))
        }
        let busy = Dictionary(times, uniquingKeysWith: +).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let work = busy.reduce(0) { $0 + $1.value }
        guard let most = busy.first, work >= idle, work >= outside else { return idle >= outside ? "·" : " " }
        return most.key
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
