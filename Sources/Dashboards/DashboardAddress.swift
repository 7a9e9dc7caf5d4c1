import Glibc

/// Where a page is served: `8080` is a port of this machine's loopback address, `0.0.0.0:8080` one of all its addresses.
public struct DashboardAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address.
    public var host: String
    /// 0: any free one.
    public var port: UInt16

    /// The address that only this machine reaches.
    public static let loopback = "127.0.0.1"

    /// - Parameters:
    ///   - host: the address to listen at.
    ///   - port: 0: any free one.
    public init(host: String = loopback, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Throws: `DashboardError.address`.
    public init(_ text: String) throws(DashboardError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let host = parts.count == 2 ? (parts[0] == "localhost" ? Self.loopback : parts[0]) : Self.loopback
        var address = in_addr()
        let isNumeric = host.utf8.allSatisfy { $0 == 46 || (48...57).contains($0) }  // . 0…9
        guard parts.count <= 2, let last = parts.last, let port = UInt16(last), isNumeric,
            inet_pton(AF_INET, host, &address) == 1
        else { throw .address(got: text.isEmpty ? "nothing" : "'\(text)'") }
        self.init(host: host, port: port)
    }

    /// Whether only this machine reaches it.
    public var isLoopback: Bool { host.hasPrefix("127.") }
    public var description: String { "\(host):\(port)" }

    /// What to open in a browser: on this machine first, then, where it is served at all addresses, on others.
    /// - Parameters:
    ///   - token: what other machines have to show.
    ///   - own: this machine's addresses that others reach.
    package func urls(token: String?, own: [String]) -> [String] {
        let hosts = host == "0.0.0.0" ? [Self.loopback] + own : [host]
        return hosts.map { "http://\($0):\(port)/" + (token.map { "?token=\($0)" } ?? "") }
    }
}
