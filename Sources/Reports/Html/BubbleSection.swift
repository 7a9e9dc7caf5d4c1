/// Measured beside predicted beside ideal, over both denominators.
struct BubbleSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        let bubble = report.bubble
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "idle / wall"),
            HtmlTable.Column(title: "idle / compute"), HtmlTable.Column(title: "", isNumber: false, isWide: true),
        ])
        table.isCompact = true
        let most = [bubble.measured, bubble.predicted, bubble.ideal].map(\.fraction).max() ?? 0
        func add(_ name: String, _ ratio: BubbleReport.Ratio, _ remark: String) {
            table.add(
                "\(name)<small>\(remark)</small>",
                [
                    HtmlTable.Cell("<b>\(Format.percent(ratio.fraction))</b>"),
                    HtmlTable.Cell(Format.percent(ratio.overhead)),
                    HtmlTable.Cell(Html.bar(most > 0 ? ratio.fraction / most : 0, "idle")),
                ])
        }
        add("measured", bubble.measured, "what the devices did")
        add("predicted", bubble.predicted, "the schedule with each stage’s median times, nothing else in the way")
        add("ideal", bubble.ideal, ideal)
        return Html.section("bubble", "The bubble", table.text)
    }

    private var ideal: String {
        guard report.bubble.idealIsClosedForm else { return "the schedule with equal stages" }
        return "(p−1)/(m+p−1) and (p−1)/m with p = \(report.stages), m = \(report.microBatches)"
    }
}
