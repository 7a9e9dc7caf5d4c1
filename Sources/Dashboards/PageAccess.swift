import Systems

/// Who may see a page.
///
/// Clients of this machine ask for it as localhost, with its port: another name comes from a page elsewhere that points
/// its own name at this machine, and whose script would be let read what it finds (DNS rebinding). Clients of other
/// machines, where the page is served to any, show the token of the address that was printed.
struct PageAccess {
    private let hosts: Set<String>
    private let port: UInt16
    /// nil: no other machine reaches the page.
    let token: String?

    enum Verdict: Equatable {
        case welcome
        /// Welcome, and to be remembered by this header, since what the page loads itself carries no token.
        case newcomer(setCookie: String)
        case refused(PageAnswer.Status, String)
    }

    /// - Parameter address: with the port that was chosen.
    init(_ address: DashboardAddress) {
        hosts = ["127.0.0.1", "localhost", "[::1]", address.host]
        port = address.port
        token = address.isLoopback ? nil : Self.newToken()
    }

    private static func newToken() -> String {
        (0..<4).map { _ in UInt32.random(in: 0...UInt32.max).digits(8, radix: 16) }.joined()
    }

    /// Cookies belong to a host, whatever the port.
    private var cookieName: String { "echelon-\(port)" }

    func verdict(on request: PageRequest, isLocal: Bool) -> Verdict {
        if isLocal || token == nil {
            return isOwnName(request.headers["host"])
                ? .welcome
                : .refused(
                    .misdirected,
                    "This page is served as localhost:\(port). Through a tunnel, give it this port at both ends.")
        }
        guard let token else { return .welcome }
        if request.parameter("token") == token {
            return .newcomer(setCookie: "\(cookieName)=\(token); Path=/; HttpOnly; SameSite=Strict")
        }
        guard request.cookie(cookieName) == token else {
            return .refused(
                .forbidden,
                "Open one of the addresses that echelon printed where it runs, with the ?token=… that stands in it.")
        }
        return .welcome
    }

    private func isOwnName(_ host: String?) -> Bool {
        guard let host = host?.lowercased() else { return false }
        return hosts.contains { host == "\($0):\(port)" || (port == 80 && host == $0) }
    }
}
