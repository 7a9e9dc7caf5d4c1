/// What made the median step as long as it was.
struct CriticalPathSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        guard let path = report.criticalPath else { return "" }
        let lead =
            "The chain of work and waits that made step \(path.step) take "
            + "\(Format.milliseconds(path.lengthMs)) ms, \(Format.percent(path.computeShare)) of it work on the model. "
            + "Only what stands here can make the step shorter."
        return Html.section("critical-path", "Critical path", lead: lead, whole(path) + table(path))
    }

    private func whole(_ path: CriticalPath) -> String {
        var shares: [Category: Double] = [:]
        for part in path.parts { shares[part.category, default: 0] += part.share }
        let found = Category.allCases.filter { (shares[$0] ?? 0) > 0.0005 }
        let parts = found.map { (category: $0, share: shares[$0] ?? 0) }
        return "<div class=\"whole\">\(Html.stack(parts, label: "shares of the critical path"))</div>"
            + Html.legend(found)
    }

    private func table(_ path: CriticalPath) -> String {
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "what", isNumber: false),
            HtmlTable.Column(title: "ms"), HtmlTable.Column(title: "of path"),
            HtmlTable.Column(title: "", isNumber: false, isWide: true),
        ])
        table.isCompact = true
        table.limit = 10
        table.noun = "parts"
        let most = path.parts.first?.share ?? 1
        for part in path.parts {
            let text = "<span class=\"key\"><i class=\"\(part.category.cssClass)\"></i>\(part.category.title)</span>"
            table.add(
                report.names[part.rank],
                [
                    HtmlTable.Cell(text), HtmlTable.Cell(Format.milliseconds(part.ms)),
                    HtmlTable.Cell(Format.percent(part.share)),
                    HtmlTable.Cell(Html.bar(part.share / most, part.category.cssClass)),
                ])
        }
        return table.text
    }
}
