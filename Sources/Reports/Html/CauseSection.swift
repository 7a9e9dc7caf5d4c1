/// Stage × cause: where each rank's time went.
struct CauseSection {
    private let report: BubbleReport
    private let causes: [Category]

    init(_ report: BubbleReport) {
        self.report = report
        causes = report.causes.map(\.cause).filter { cause in
            report.ranks.contains { ($0[cause]?.share ?? 0) >= 0.001 }
        }
    }

    var text: String {
        let lead =
            "Milliseconds a step, p50" + (hasTail ? " above p95" : "")
            + "; each row sums to its wall time. Warm-up and cool-down are the schedule’s own, padding is passes over positions without a token; the rest can be avoided."
        let whole = "<div class=\"whole\">\(stack(report.causes, "all stages"))</div>"
        return Html.section("causes", "Where the time goes", lead: lead, whole + shares + table)
    }

    private var hasTail: Bool { report.steps > 1 }

    private var shares: String {
        let items = causes.map { cause in
            "<span><i class=\"\(cause.cssClass)\"></i>\(cause.title) <b>\(Format.percent(report[cause]?.share ?? 0))</b></span>"
        }
        return "<p class=\"legend\">\(items.joined())</p>"
    }

    private var table: String {
        var table = HtmlTable(
            [
                HtmlTable.Column(title: "", isNumber: false),
                HtmlTable.Column(title: "", isNumber: false, isWide: true), HtmlTable.Column(title: "wall"),
            ] + causes.map { HtmlTable.Column(title: $0.title) })
        for (rank, name) in zip(report.ranks, report.names) {
            table.add(name, cells(rank.causes, rank.wallMs, name))
        }
        table.add("all", cells(report.causes, report.stepMs, "all stages"))
        table.lastIsTotal = true
        let numbers = "<div class=\"causes\">\(table.text)</div>"
        guard report.ranks.count > HtmlTable.glance else { return numbers }
        let bars = zip(report.ranks, report.names).map { (name: $1, bar: stack($0.causes, $1)) }
        return Html.strip(bars) + Html.details("All \(bars.count) in numbers", numbers)
    }

    private func cells(_ found: [BubbleReport.CauseReport], _ wall: BubbleReport.Spread, _ name: String) -> [HtmlTable
        .Cell]
    {
        let numbers = causes.map { cause in
            HtmlTable.Cell(
                found.first { $0.cause == cause }?.ms ?? BubbleReport.Spread(p50: 0, p95: 0), withTail: hasTail)
        }
        return [HtmlTable.Cell(stack(found, name)), HtmlTable.Cell(wall, withTail: hasTail)] + numbers
    }

    private func stack(_ found: [BubbleReport.CauseReport], _ name: String) -> String {
        Html.stack(found.map { ($0.cause, $0.share) }, label: "shares of \(name)")
    }
}
