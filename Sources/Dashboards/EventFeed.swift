/// The body of `/events`: server-sent events. Each listener is told of the newest edition once it has taken what it was
/// told before, so that a slow one misses some and holds nothing up.
enum EventFeed {
    /// A page that was just loaded may be older than the first edition it is told of, so that comes with its report.
    static func events(of edition: PageBoard.Edition, after told: PageBoard.Edition?) -> [UInt8] {
        Array(text(of: edition, after: told).utf8)
    }

    private static func text(of edition: PageBoard.Edition, after told: PageBoard.Edition?) -> String {
        if edition.isLast { return event("status", edition.status) + event("end", "\(edition.report)") }
        guard let told else { return "retry: 2000\n" + event("status", edition.status) + report(edition) }
        // A line that says nothing shows whether somebody still listens.
        let status = edition.status == told.status ? ": the same\n\n" : event("status", edition.status)
        return status + (edition.report == told.report ? "" : report(edition))
    }

    private static func report(_ edition: PageBoard.Edition) -> String { event("report", "\(edition.report)") }
    private static func event(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }
}
