internal import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// Where a socket is: `ipc:///path`, or `tcp://host:port` on this machine, or with keys on any.
package enum Address {
    /// The longest path of a Unix socket.
    static let maxPath = 107
    /// The longest name of a host.
    private static let maxHost = 255

    /// Throws for everything but ipc and tcp with a number for the host.
    /// - Parameter elsewhere: whether it may be another address than the loopback's.
    package static func check(_ address: String, elsewhere: Bool = false) throws(TransportError) {
        if address.hasPrefix("ipc://") { return try checkPath(address.dropFirst(6), of: address) }
        let (host, _) = try place(address)
        guard isLoopback(host) || (elsewhere && isNumber(host)) else { throw refusal(address, elsewhere: elsewhere) }
    }

    /// The address with a number for the host, where it names one: `tcp://localhost:5555` is `tcp://127.0.0.1:5555`.
    /// - Parameter elsewhere: whether it may be another address than the loopback's.
    /// - Throws: for a name that the system does not know, or that is another machine's.
    package static func resolve(_ address: String, elsewhere: Bool = false) throws(TransportError) -> String {
        if address.hasPrefix("ipc://") {
            try check(address)
            return address
        }
        let (host, port) = try place(address)
        if isLoopback(host) || (elsewhere && isNumber(host)) { return address }
        guard !host.isEmpty, host.utf8.count <= maxHost, !host.contains("*"), !host.contains("\0") else {
            throw refusal(address, elsewhere: elsewhere)
        }
        let numbers = try look(up: String(host), of: address)
        let number = numbers.first { isLoopback($0[...]) } ?? (elsewhere ? numbers.first { isNumber($0[...]) } : nil)
        guard let number else { throw refusal(address, numbers, elsewhere: elsewhere) }
        return "tcp://\(number):\(port)"
    }

    /// The host of a tcp address.
    package static func host(of address: String) throws(TransportError) -> String { String(try place(address).host) }

    private static func refusal(
        _ address: String, _ numbers: [String] = [], elsewhere: Bool
    ) -> TransportError {
        let found = numbers.isEmpty ? "" : " (it is \(numbers.joined(separator: ", ")))"
        return .address(
            address,
            reason: elsewhere
                ? "no single address\(found): expected one of this machine's, by which the others reach it, such as 10.0.0.2"
                : "another machine\(found): that needs keys (`echelon keys`, then --keys); without them expected a "
                    + "loopback address (127.0.0.1, [::1], localhost)")
    }

    private static func checkPath(_ path: Substring, of address: String) throws(TransportError) {
        guard path.hasPrefix("/"), path.utf8.count <= maxPath else {
            throw .address(address, reason: "expected an absolute path of at most \(maxPath) bytes")
        }
    }

    private static func place(_ address: String) throws(TransportError) -> (host: Substring, port: Substring) {
        guard address.hasPrefix("tcp://") else {
            throw .address(address, reason: "expected tcp://HOST:PORT or ipc:///PATH")
        }
        let place = address.dropFirst(6)
        guard let colon = place.lastIndex(of: ":") else { throw .address(address, reason: "expected HOST:PORT") }
        let port = place[place.index(after: colon)...]
        guard port == "*" || UInt16(port) != nil else {
            throw .address(
                address, reason: "expected a port from 0 to 65535, got \(port.printable(limit: 20))")
        }
        return (place[..<colon], port)
    }

    package static func isLoopback(_ host: Substring) -> Bool {
        if host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }

    /// Whether it is a number of one address, and not of all (`0.0.0.0`, `[::]`).
    private static func isNumber(_ host: Substring) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, String(host), &four) == 1 { return four.s_addr != 0 }
        var six = in6_addr()
        guard host.hasPrefix("["), host.hasSuffix("]"),
            inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &six) == 1
        else { return false }
        return withUnsafeBytes(of: &six) { $0.contains { $0 != 0 } }
    }
}
