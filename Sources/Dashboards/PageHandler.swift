import FlyingFox
import Foundation

/// Answers requests: `/` is the page as it stands, `/events` tells of changes.
struct PageHandler: HTTPHandler {
    let board: PageBoard
    /// Names that the page is asked for by: others come from pages elsewhere that point their own name at this machine.
    let hosts: Set<String>?
    /// Who listens to events, at most.
    static let listenerLimit = 64

    init(_ board: PageBoard, at address: DashboardAddress) {
        self.board = board
        hosts = address.isLoopback ? [address.host, DashboardAddress.loopback, "localhost"] : nil
    }

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard isWelcome(request.headers[.host]) else {
            return plain(.forbidden, "This page is served to this machine only, as localhost.")
        }
        guard request.method == .GET || request.method == .HEAD else {
            return plain(.methodNotAllowed, "Only GET and HEAD.")
        }
        switch request.path {
        case "/": return page(isHead: request.method == .HEAD)
        case "/events" where request.method == .GET: return events
        default: return plain(.notFound, "There are / and /events.")
        }
    }

    /// A tunnel may give the port another number.
    private func isWelcome(_ host: String?) -> Bool {
        guard let hosts else { return true }
        guard let host else { return false }
        return hosts.contains(host.split(separator: ":").first.map { $0.lowercased() } ?? "")
    }

    private func page(isHead: Bool) -> HTTPResponse {
        var headers = Self.headers("text/html; charset=utf-8")
        headers[HTTPHeader("Content-Security-Policy")] =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        let page = board.edition.page
        guard isHead else { return HTTPResponse(statusCode: .ok, headers: headers, body: page) }
        headers[.contentLength] = "\(page.count)"
        return HTTPResponse(statusCode: .ok, headers: headers, body: Data())
    }

    private var events: HTTPResponse {
        guard board.listenerCount < Self.listenerLimit else {
            return plain(.serviceUnavailable, "Too many listen already.")
        }
        return HTTPResponse(
            statusCode: .ok, headers: Self.headers("text/event-stream"),
            body: HTTPBodySequence(from: EventFeed(board: board)))
    }

    private func plain(_ code: HTTPStatusCode, _ text: String) -> HTTPResponse {
        HTTPResponse(
            statusCode: code, headers: Self.headers("text/plain; charset=utf-8"), body: Data((text + "\n").utf8))
    }

    private static func headers(_ type: String) -> HTTPHeaders {
        [
            .contentType: type, HTTPHeader("Cache-Control"): "no-store",
            HTTPHeader("X-Content-Type-Options"): "nosniff",
        ]
    }
}
