/// What travelled between ranks, how fast, and how long it was waited for.
struct LinkSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        guard !report.links.isEmpty else { return "" }
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "messages"),
            HtmlTable.Column(title: "bytes a step"), HtmlTable.Column(title: "MiB/s"),
            HtmlTable.Column(title: "latency, p50"), HtmlTable.Column(title: "p95"),
            HtmlTable.Column(title: "waited, ms a step"), HtmlTable.Column(title: "", isNumber: false, isWide: true),
        ])
        table.limit = 12
        table.noun = "links"
        let sorted = report.links.sorted { ($1.waitedMs, $0.from, $0.to) < ($0.waitedMs, $1.from, $1.to) }
        let most = max(1e-9, sorted.first?.waitedMs ?? 0)
        for link in sorted {
            table.add("\(report.names[link.from]) → \(report.names[link.to])", cells(link, most: most))
        }
        let lead =
            "Messages a step, the one waited for longest first. Latency is milliseconds from handing over to arrival, "
            + "of messages that were waited for; MiB/s is the average over the whole time."
        return Html.section("links", "Links", lead: lead, table.text)
    }

    private func cells(_ link: BubbleReport.LinkReport, most: Double) -> [HtmlTable.Cell] {
        [
            HtmlTable.Cell(
                Format.fixed(link.messagesPerStep, link.messagesPerStep.rounded() == link.messagesPerStep ? 0 : 1)),
            HtmlTable.Cell(Format.bytes(link.bytesPerStep)), HtmlTable.Cell(Format.mebibytes(perSecond: link.mbPerS)),
            HtmlTable.Cell(Format.milliseconds(link.latencyMs.p50)),
            HtmlTable.Cell(Format.milliseconds(link.latencyMs.p95)), HtmlTable.Cell(Format.milliseconds(link.waitedMs)),
            HtmlTable.Cell(Html.bar(link.waitedMs / most, "c-transfer")),
        ]
    }
}
