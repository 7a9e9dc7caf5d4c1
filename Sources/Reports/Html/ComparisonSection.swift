/// This run beside another.
struct ComparisonSection {
    private let comparison: RunComparison

    init(_ comparison: RunComparison) { self.comparison = comparison }

    var text: String {
        let sides = "Before: \(Html.escape(comparison.before.line))<br>After: \(Html.escape(comparison.after.line))"
        let notes = comparison.differences.map { "<li>\(Html.escape($0))</li>" }.joined()
        let list = notes.isEmpty ? "" : "<ul class=\"notes\">\(notes)</ul>"
        let body = list + table(comparison.figures, title: "") + table(comparison.causes, title: "ms a step and rank")
        return Html.section("comparison", "Run against run", lead: sides, body)
    }

    private func table(_ rows: [RunComparison.Row], title: String) -> String {
        var table = HtmlTable([
            HtmlTable.Column(title: title, isNumber: false), HtmlTable.Column(title: "before"),
            HtmlTable.Column(title: "after"), HtmlTable.Column(title: "difference"), HtmlTable.Column(title: "ratio"),
        ])
        table.isCompact = true
        for row in rows {
            table.add(
                row.title,
                [
                    HtmlTable.Cell(row.beforeText), HtmlTable.Cell(row.afterText),
                    HtmlTable.Cell("<b class=\"\(kind(row))\">\(row.differenceText)</b>"),
                    HtmlTable.Cell(row.ratioText),
                ])
        }
        return table.text
    }

    /// A difference below a hundredth, of its own value or for a cause of the step, is neither good nor bad.
    private func kind(_ row: RunComparison.Row) -> String {
        let isCause = comparison.causes.contains(row)
        let step = comparison.figures.first.map { max($0.before, $0.after) } ?? 0
        let size = isCause ? step : max(row.before.magnitude, row.after.magnitude)
        guard row.difference.magnitude > 0.01 * size else { return "" }
        return (row.difference > 0) == row.isGain ? "good" : "bad"
    }
}
