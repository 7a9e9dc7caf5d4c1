extension Schedule {
    /// Draws who computes when: a row for each rank, a column for each unit of time, where F, I and W take one unit and
    /// B takes two.
    ///
    /// `F3` is a forward of micro-batch 3, `2F3` one of stage 2 where ranks own several stages; `─` continues a backward
    /// and `·` is idle. Lines longer than `maxColumns` characters, and rows beyond `maxRows`, are cut, and a note says
    /// so. Throws where the schedule cannot run over links that never fill.
    public func grid(edges: [Edge]? = nil, maxColumns: Int = .max, maxRows: Int = .max) throws(ScheduleError) -> String
    {
        let timeline = try simulate(
            edges: edges ?? Edge.chain(stages: stageCount), times: .units(stages: stageCount))
        let grid = Grid(self, makespan: Int(timeline.makespan), maxColumns: maxColumns)
        let shownRanks = min(rankCount, max(maxRows, 1))
        let rows = (0..<shownRanks).map { grid.row(rank: $0, timeline.spans(rank: $0)) }
        return (rows + grid.note(shownRanks: shownRanks)).joined(separator: "\n")
    }
}

/// The measures of a drawing.
private struct Grid {
    private let schedule: Schedule
    private let makespan: Int
    private let namesStages: Bool
    private let labelWidth: Int
    private let slotWidth: Int
    private let shownSlots: Int

    init(_ schedule: Schedule, makespan: Int, maxColumns: Int) {
        self.schedule = schedule
        self.makespan = makespan
        namesStages = schedule.stageCount > schedule.rankCount
        labelWidth = "rank \(schedule.rankCount - 1) ".count
        let digits = "\(schedule.microBatches - 1)".count
        let stageDigits = namesStages ? "\(schedule.stageCount - 1)".count : 0
        slotWidth = 1 + digits + stageDigits
        shownSlots = min(makespan, max((max(maxColumns, labelWidth) - labelWidth) / slotWidth, 1))
    }

    func row(rank: Int, _ spans: [Timeline.Span]) -> String {
        var row = Self.pad("rank \(rank)", to: labelWidth, with: " ")
        var slot = 0
        for span in spans where Int(span.start) < shownSlots {
            row += idle(Int(span.start) - slot)
            slot = min(Int(span.end), shownSlots)
            row += Self.pad(text(span), to: (slot - Int(span.start)) * slotWidth, with: filler(span))
        }
        return row + idle(shownSlots - slot)
    }

    func note(shownRanks: Int) -> [String] {
        var cuts: [String] = []
        if shownSlots < makespan { cuts.append("\(shownSlots) of \(makespan) time units") }
        if shownRanks < schedule.rankCount { cuts.append("\(shownRanks) of \(schedule.rankCount) ranks") }
        return cuts.isEmpty ? [] : ["… shown: " + cuts.joined(separator: ", ")]
    }

    private func text(_ span: Timeline.Span) -> String {
        let instruction = span.instruction
        return namesStages ? "\(instruction)" : "\(instruction.pass.rawValue)\(instruction.microBatch)"
    }

    /// A one-unit cell with a short number is followed by a blank, a two-unit cell by a line.
    private func filler(_ span: Timeline.Span) -> Character { span.instruction.pass == .backward ? "─" : " " }

    private func idle(_ slots: Int) -> String { String(repeating: "·", count: max(slots, 0) * slotWidth) }

    private static func pad(_ text: String, to width: Int, with filler: Character) -> String {
        text + String(repeating: filler, count: max(width - text.count, 0))
    }
}
