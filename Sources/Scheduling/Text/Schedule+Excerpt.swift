extension Schedule {
    /// The text of some ranks around one marked instruction each, which has carets under it.
    ///
    /// A mark behind a rank's last instruction points there. `…` stands for what is left out.
    func excerpt(marks: [(rank: Int, position: Int)], context: Int = 6, neighbours: Int = 1) -> String {
        let centre = marks.first?.position ?? 0
        let shown = Set(marks.flatMap { max($0.rank - neighbours, 0)...min($0.rank + neighbours, rankCount - 1) })
        let lines = shown.sorted().flatMap { rank in
            let mark = marks.first { $0.rank == rank }?.position
            return excerptLines(rank: rank, around: mark ?? centre, isMarked: mark != nil, context: context)
        }
        return lines.map { "  \($0)" }.joined(separator: "\n")
    }

    private func excerptLines(rank: Int, around centre: Int, isMarked: Bool, context: Int) -> [String] {
        let instructions = ranks[rank]
        let start = min(max(centre - context, 0), instructions.count)
        let end = min(max(centre + context + 1, start), instructions.count)
        var line = "rank \(rank): " + (start > 0 ? "… " : "")
        var carets: String?
        for position in start..<end {
            let text = instructions[position].description
            if isMarked && position == centre { carets = Self.carets(text.count, at: line.count) }
            line += text + " "
        }
        if isMarked && centre >= end { carets = Self.carets(1, at: line.count) }
        if end < instructions.count { line += "…" }
        while line.last == " " { line.removeLast() }
        return [line] + (carets.map { [$0] } ?? [])
    }

    private static func carets(_ count: Int, at column: Int) -> String {
        String(repeating: " ", count: column) + String(repeating: "^", count: count)
    }
}
