import Foundation
public import Runs

/// The report's page during a run: the current status above the report so far.
public struct LivePage: Sendable {
    /// The run's name.
    public var name: String
    /// nil: the run has not written any yet.
    public var status: LiveStatus?
    /// The report over the run's newest steps; nil: there is none yet.
    public var report: BubbleReport?
    /// The losses so far.
    public var curve: LossCurve
    /// Why there is no report, where the run will not get one.
    public var obstacle: String?

    /// A page for a run of which all but the name may be unknown.
    public init(
        name: String, status: LiveStatus? = nil, report: BubbleReport? = nil, curve: LossCurve = LossCurve(),
        obstacle: String? = nil
    ) {
        self.name = name
        self.status = status
        self.report = report
        self.curve = curve
        self.obstacle = obstacle
    }

    /// The whole page. With JavaScript it keeps itself current by the events of `/events`; without, it reloads.
    public func html(now: Double = LiveStatus.now) -> String {
        HtmlPage(
            title: "\(name): live",
            sections: [section(now: now), LossSection(curve).text] + (report?.sections() ?? [waiting]),
            head: """
                <link rel="icon" href="data:,">
                <noscript><meta http-equiv="refresh" content="5"></noscript>

                """,
            scripts: [HtmlScript.text, LiveScript.text]
        ).text
    }

    /// The part that changes every second, as a JSON string: the data of the event `status`.
    public func statusData(now: Double = LiveStatus.now) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(section(now: now))).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    private func section(now: Double) -> String { LiveSection(status, name: name, now: now).text }

    private var waiting: String {
        let text = obstacle ?? "The report stands here as soon as every rank has finished a step."
        return """
            <header><p class="run"><b>\(Html.escape(name))</b></p><h1>No report yet<span>\(Html.escape(text))</span></h1></header>
            """
    }
}
