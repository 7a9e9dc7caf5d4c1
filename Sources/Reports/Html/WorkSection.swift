/// What one micro-batch takes on each stage.
struct WorkSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "runs on", isNumber: false),
            HtmlTable.Column(title: "layers"), HtmlTable.Column(title: "forward"), HtmlTable.Column(title: "backward"),
            HtmlTable.Column(title: "both"), HtmlTable.Column(title: "", isNumber: false, isWide: true),
        ])
        let work = report.ranks.flatMap { rank in rank.work.map { (rank: rank.rank, work: $0) } }
        let most = work.map(\.work.totalMs).max() ?? 0
        var bars: [(name: String, bar: String)] = []
        for (rank, stage) in work.sorted(by: { $0.work.stage < $1.work.stage }) {
            table.add("stage \(stage.stage)", cells(stage, rank: rank, most: most))
            bars.append(("stage \(stage.stage)", bar(stage, most: most)))
        }
        let isLong = bars.count > HtmlTable.glance
        let body = isLong ? Html.strip(bars) + Html.details("All \(bars.count) in numbers", table.text) : table.text
        return Html.section(
            "work", "One micro-batch",
            lead: "Median milliseconds of one micro-batch through each stage"
                + (isLong ? "; the longest bar is \(Format.milliseconds(most)) ms." : "."), body)
    }

    private func bar(_ stage: BubbleReport.StageWork, most: Double) -> String {
        let shares = most > 0 ? (stage.forwardMs / most, stage.backwardMs / most) : (0, 0)
        let parts: [(category: Category, share: Double)] = [(.forward, shares.0), (.backward, shares.1)]
        return Html.stack(parts, label: "forward and backward of stage \(stage.stage)")
    }

    private func cells(_ stage: BubbleReport.StageWork, rank: Int, most: Double) -> [HtmlTable.Cell] {
        [
            HtmlTable.Cell(Html.escape(report.place(of: rank))), HtmlTable.Cell(Format.count(stage.layers)),
            HtmlTable.Cell(Format.milliseconds(stage.forwardMs)), HtmlTable.Cell(Format.milliseconds(stage.backwardMs)),
            HtmlTable.Cell(Format.milliseconds(stage.totalMs)),
            HtmlTable.Cell(bar(stage, most: most)),
        ]
    }
}
