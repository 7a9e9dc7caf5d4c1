/// Changes that were not made, replayed.
struct WhatIfSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        guard report.whatIfs.count > 1 else { return "" }
        let lead =
            "The run’s own instructions and messages, replayed with their median times and one thing changed. "
            + "Gain is tokens per second over the first row; the step measured \(Format.milliseconds(report.stepMs.p50)) ms."
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "ms a step"),
            HtmlTable.Column(title: "tokens/s"), HtmlTable.Column(title: "bubble"), HtmlTable.Column(title: "gain"),
            HtmlTable.Column(title: "", isNumber: false, isWide: true),
            HtmlTable.Column(title: "", isNumber: false, isWide: true),
        ])
        let most = max(0.01, report.whatIfs.map(\.gain.magnitude).max() ?? 0)
        for change in report.whatIfs { table.add(Html.escape(change.title), cells(change, most: most)) }
        return Html.section("what-if", "What if", lead: lead, table.text)
    }

    private func cells(_ change: WhatIf, most: Double) -> [HtmlTable.Cell] {
        let isBase = change.kind == .asRun
        let kind = change.gain.magnitude < 0.0005 ? "" : change.gain > 0 ? "good" : "bad"
        return [
            HtmlTable.Cell(Format.milliseconds(change.stepMs)), HtmlTable.Cell(Format.grouped(change.tokensPerS)),
            HtmlTable.Cell(Format.percent(change.bubble)),
            HtmlTable.Cell(
                isBase ? "" : "<b class=\"\(kind)\">\(Format.signedPercent(change.gain))</b>", isEmpty: isBase),
            HtmlTable.Cell(isBase ? "" : Html.bar(change.gain.magnitude / most, kind), isEmpty: isBase),
            HtmlTable.Cell(Html.escape(change.remark ?? ""), isEmpty: change.remark == nil),
        ]
    }
}
