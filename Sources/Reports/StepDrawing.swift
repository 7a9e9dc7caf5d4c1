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

    private func row(_ lane: MedianStep.Lane) -> String {
        String(LaneCells(lane, lengthMs: step.lengthMs, count: cells).cells.map { $0?.symbol ?? "·" })
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
