/// Answers requests: `/` is the page as it stands, `/events` tells of changes, `/metrics` is for Prometheus.
struct PageHandler {
    let board: PageBoard
    let access: PageAccess

    /// - Parameter isLocal: whether the client is on this machine.
    func answer(_ request: PageRequest, isLocal: Bool) -> PageAnswer {
        var headers: [String] = []
        switch access.verdict(on: request, isLocal: isLocal) {
        case .welcome: break
        case .newcomer(let cookie): headers = ["Set-Cookie: \(cookie)"]
        case .refused(let status, let text): return PageAnswer(status, text)
        }
        let isHead = request.method == "HEAD"
        guard isHead || request.method == "GET" else { return PageAnswer(.methodNotAllowed, "Only GET and HEAD.") }
        switch request.path {
        case "/": return page(isHead: isHead, headers)
        case "/events" where !isHead:
            return PageAnswer(.ok, type: "text/event-stream", isFeed: true, headers: headers)
        case "/metrics":
            return PageAnswer(
                .ok, type: PrometheusText.contentType, body: board.edition.metrics, isHead: isHead, headers: headers)
        default: return PageAnswer(.notFound, "There are /, /events and /metrics.")
        }
    }

    private func page(isHead: Bool, _ headers: [String]) -> PageAnswer {
        let policy =
            "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
            + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return PageAnswer(
            .ok, type: "text/html; charset=utf-8", body: board.edition.page, isHead: isHead,
            headers: headers + [policy, "Referrer-Policy: no-referrer"])
    }
}
