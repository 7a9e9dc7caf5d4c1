/// The median step as it was, above the same step as it could have been.
struct TimelineSection {
    private let report: BubbleReport

    init(_ report: BubbleReport) { self.report = report }

    var text: String {
        guard let step = report.medianStep, step.lengthMs > 0, !step.lanes.isEmpty else {
            return Html.section("timeline", "Timeline", lead: "The run is too large to draw.", "")
        }
        let scale = TimelineScale(step, report.idealStep)
        var labels = self.labels(step.lanes.count, scale, title: "stage")
        var tracks = track(
            step, scale, title: "measured, \(Format.milliseconds(step.lengthMs)) ms",
            path: report.criticalPath)
        if let ideal = report.idealStep, ideal.lengthMs > 0, ideal.lanes.count == step.lanes.count {
            labels += self.labels(ideal.lanes.count, scale, title: "")
            tracks += track(
                ideal, scale, title: "ideal, \(Format.milliseconds(ideal.lengthMs)) ms",
                path: nil)
        }
        let body = """
            \(controls(step))
            <div class="timeline" style="--lane:\(scale.laneHeight)px" data-ms="\(scale.lengthMs)">
            <div class="lanes">\(labels)</div>
            <div class="pan"><div class="stretch">\(tracks)\(axis(scale))</div></div>
            </div>
            """
        return Html.section("timeline", "One step", lead: lead, body)
    }

    private var lead: String {
        "Step \(report.medianStep?.step ?? 0), of median length, all ranks on one clock, above the same instructions with equal stages and nothing in "
            + "the way. What is not coloured is idle; pale work is of the steps before and after."
    }

    private func controls(_ step: MedianStep) -> String {
        let used = Set(step.lanes.flatMap { $0.work.map(\.category) })
        let items = Category.allCases.filter { used.contains($0) }.map {
            "<span><i class=\"\($0.cssClass)\"></i>\($0.title)</span>"
        }
        let path =
            report.criticalPath == nil
            ? ""
            : "<label><input type=\"checkbox\" id=\"show-path\" checked> <span class=\"pathkey\"></span>critical path</label>"
        return "<p class=\"legend\">\(items.joined())\(path)<span class=\"zoom\"></span></p>"
    }

    private func labels(_ count: Int, _ scale: TimelineScale, title: String) -> String {
        let every = scale.laneHeight >= 12 ? 1 : scale.laneHeight >= 7 ? 2 : 4
        let isSingle = report.ranks.allSatisfy { $0.stages.count == 1 }
        let names = (0..<count).map { rank -> String in
            guard rank % every == 0 else { return "<span></span>" }
            return "<span>\(isSingle ? report.ranks[rank].stages[0] : rank)</span>"
        }
        return "<b>\(title.isEmpty ? "" : isSingle ? "stage" : "rank")</b>" + names.joined()
    }

    private func track(_ step: MedianStep, _ scale: TimelineScale, title: String, path: CriticalPath?) -> String {
        let drawing = TimelineDrawing(step, scale)
        return "<h3><span>\(title)</span></h3><div class=\"drawing\">\(drawing.svg(path: path))\(drawing.numbers)</div>"
    }

    private func axis(_ scale: TimelineScale) -> String {
        let ticks = scale.ticks.map { tick in
            let share = tick / scale.lengthMs
            let text = scale.digits == 0 ? Format.grouped(tick) : Format.fixed(tick, scale.digits)
            return "<span\(share > 0.85 ? " class=\"last\"" : "") style=\"left:\(Html.length(share))\">\(text)"
                + "\(tick == 0 ? " ms" : "")</span>"
        }
        return "<div class=\"axis\">\(ticks.joined())</div>"
    }
}
