/// Who runs longer than its own median, where, and in which steps.
struct StragglerSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "rank"),
            HtmlTable.Column(title: "runs on", isNumber: false), HtmlTable.Column(title: "excess ms a step"),
            HtmlTable.Column(title: "slow steps"), HtmlTable.Column(title: "the worst", isNumber: false, isWide: true),
        ])
        table.limit = 8
        table.noun = "ranks"
        let sorted = report.ranks.sorted { ($1.excessMs, $0.rank) < ($0.excessMs, $1.rank) }
        for rank in sorted { table.add(report.names[rank.rank], cells(rank)) }
        let lead =
            "Work beyond the median of its own kind, worst first. A step is slow where that is more than a tenth of it."
        return Html.section("stragglers", "Stragglers", lead: lead, table.text)
    }

    private func cells(_ rank: BubbleReport.RankReport) -> [HtmlTable.Cell] {
        let worst = (rank.worstSteps ?? []).map {
            "step\u{a0}\($0.step):\u{a0}\(Format.milliseconds($0.excessMs))\u{a0}ms"
        }
        return [
            HtmlTable.Cell("\(rank.rank)"), HtmlTable.Cell(Html.escape(report.place(of: rank.rank))),
            HtmlTable.Cell(Format.milliseconds(rank.excessMs)),
            HtmlTable.Cell("\(rank.slowSteps) of \(report.steps)"),
            HtmlTable.Cell(worst.isEmpty ? "none" : worst.joined(separator: ", "), isEmpty: worst.isEmpty),
        ]
    }
}
