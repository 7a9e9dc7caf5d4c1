/// The one sentence, what to do, and four figures.
struct HeadlineSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        let fix = report.headline.fix.map { "<p class=\"fix\">\(Html.escape($0))</p>" } ?? ""
        return """
            <header>
            <p class="run"><b>\(Html.escape(report.name))</b> \(Html.escape(run))</p>
            <h1>\(sentence)</h1>
            \(fix)
            <dl class="tiles">\(tiles.joined())</dl>
            </header>
            """
    }

    private var run: String {
        let steps = report.steps == 1 ? "step \(report.firstStep)" : "steps \(report.firstStep)–\(report.lastStep)"
        let parts = [
            report.schedule,
            "\(report.stages) stage\(report.stages == 1 ? "" : "s") × \(report.microBatches) "
                + "micro-batch\(report.microBatches == 1 ? "" : "es")",
            steps + (report.skipped > 0 ? ", \(report.skipped) before left out" : ""), report.sampleText ?? "",
            report.startedAt,
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: " · ")
    }

    /// The bubble on a line of its own, the cause below it.
    private var sentence: String {
        let text = Html.escape(report.headline.sentence)
        guard let cut = text.firstIndex(of: ";") else { return text }
        let rest = text[text.index(after: cut)...].drop { $0 == " " }
        return "\(text[..<cut])<span>\(rest.prefix(1).uppercased())\(rest.dropFirst())</span>"
    }

    private var tiles: [String] {
        var tiles = [
            tile(
                "step, p50", Format.milliseconds(report.stepMs.p50) + " ms",
                "p95 \(Format.milliseconds(report.stepMs.p95)) ms"),
            tile("tokens/s", Format.grouped(report.tokensPerS), perStep),
            tile(
                "bubble, idle / wall", Format.percent(report.bubble.measured.fraction),
                "ideal \(Format.percent(report.bubble.ideal.fraction))"),
        ]
        if report.flopsPerS > 0 {
            let parts = Format.flops(report.flopsPerS).split(separator: " ").map(String.init)
            let share = report.peakFlops.map { $0 > 0 ? "\(Format.percent(report.flopsPerS / $0, 0)) of peak" : "" }
            tiles.append(tile(parts.last ?? "FLOP/s", parts.first ?? "", share ?? "all devices together"))
        }
        return tiles
    }

    private var perStep: String {
        report.tokensPerStep.map { Format.grouped(Double($0)) + " a step" } ?? "all devices together"
    }

    private func tile(_ name: String, _ value: String, _ remark: String) -> String {
        "<div><dt>\(name)</dt><dd>\(value)<small>\(remark)</small></dd></div>"
    }
}
