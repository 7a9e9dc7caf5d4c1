import Runs

/// What a run is doing at the moment, at the top of its live page.
struct LiveSection {
    private let name: String
    private let status: LiveStatus?
    private let now: Double

    init(_ status: LiveStatus?, name: String, now: Double = LiveStatus.now) {
        self.status = status
        self.name = name
        self.now = now
    }

    var text: String {
        let body = figures + bar + ranks
        return """
            <section id="live" class="\(state.rawValue)" data-title="\(Html.escape(title))"><p class="state">\
            <b>\(word)</b> <span>\(Html.escape(sentence))</span></p>
            \(body)
            </section>
            """
    }

    private var state: LiveStatus.State { status?.state ?? .starting }

    private var word: String {
        switch state {
        case .starting: "starting"
        case .running: isLate ? "silent" : "running"
        case .done: "done"
        case .failed: "ended early"
        case .gone: "not running"
        }
    }

    /// The coordinator writes once a second.
    private var isLate: Bool { status.map { $0.state == .running && now - $0.updatedAt > 5 } ?? false }

    private var sentence: String {
        let steps = status?.steps ?? 0
        let done = status?.metrics?.step ?? 0
        switch state {
        case .starting: return "The workers are starting; the first step has not begun."
        case .running:
            if isLate { return "Not heard of for \(status?.age(now: now) ?? 0) s." }
            return done == 0
                ? "The first of \(Format.grouped(Double(steps))) steps." : "Step \(done) of \(steps) is done."
        case .done: return "All \(steps) steps are done."
        case .gone:
            return
                "live.json is \(status?.age(now: now) ?? 0) s old, and nobody holds the run's lock: it ended after step "
                + "\(done) of \(steps) or later."
        case .failed: return "It ended after \(done) of \(steps) steps; the terminal it ran in says why."
        }
    }

    /// For the window: `12/1800 demo`
    private var title: String {
        guard let status, let metrics = status.metrics else { return "\(name): \(word)" }
        return "\(metrics.step)/\(status.steps) \(name)" + (state == .running ? "" : ": \(word)")
    }

    private var figures: String {
        guard let status, let metrics = status.metrics else { return "" }
        let items = ProgressLine(metrics, of: status.steps).fields.dropFirst().map { "<span>\(Html.escape($0))</span>" }
        return "<p class=\"legend\">\(items.joined())</p>"
    }

    private var bar: String {
        let share = status.map { Double($0.metrics?.step ?? 0) / Double(max(1, $0.steps)) } ?? 0
        return Html.bar(share)
    }

    private var ranks: String {
        guard let status, state == .starting || state == .running else { return "" }
        var table = HtmlTable([
            HtmlTable.Column(title: "", isNumber: false), HtmlTable.Column(title: "bubble"),
            HtmlTable.Column(title: "memory"), HtmlTable.Column(title: "at", isNumber: false),
        ])
        table.isCompact = true
        for rank in status.ranks {
            table.add("rank \(rank.rank)<small>\(Html.escape(rank.device))</small>", cells(rank))
        }
        let open = status.ranks.count <= 8 ? " open" : ""
        return "<details\(open)><summary>What the ranks do</summary><div>\(table.text)</div></details>"
    }

    private func cells(_ rank: LiveStatus.Rank) -> [HtmlTable.Cell] {
        let place = rank.instruction.isEmpty ? "–" : "step \(rank.step), \(rank.instruction)"
        return [
            HtmlTable.Cell(rank.bubbleFraction.map { Format.percent($0) } ?? "–"),
            HtmlTable.Cell(rank.peakBytes == 0 ? "–" : Format.bytes(Double(rank.peakBytes))),
            HtmlTable.Cell("\(Html.escape(place))<small>\(Html.escape(rank.phase))</small>"),
        ]
    }
}
