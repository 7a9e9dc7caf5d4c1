/// Where a socket is: `ipc:///path` or `tcp://host:port`, on this machine only until links are encrypted.
package enum Address {
    /// The longest path of a Unix socket.
    static let maxPath = 107

    /// Throws for everything but ipc and loopback tcp.
    package static func check(_ address: String) throws(TransportError) {
        if address.hasPrefix("ipc://") { return try checkPath(address.dropFirst(6), of: address) }
        guard address.hasPrefix("tcp://") else {
            throw .address(address, reason: "expected tcp://127.0.0.1:PORT or ipc:///PATH")
        }
        try checkHost(address.dropFirst(6), of: address)
    }

    private static func checkPath(_ path: Substring, of address: String) throws(TransportError) {
        guard path.hasPrefix("/"), path.utf8.count <= maxPath else {
            throw .address(address, reason: "expected an absolute path of at most \(maxPath) bytes")
        }
    }

    private static func checkHost(_ place: Substring, of address: String) throws(TransportError) {
        guard let colon = place.lastIndex(of: ":") else { throw .address(address, reason: "expected HOST:PORT") }
        let port = place[place.index(after: colon)...]
        guard port == "*" || UInt16(port) != nil else {
            throw .address(address, reason: "expected a port from 0 to 65535, got \(port)")
        }
        guard isLoopback(place[..<colon]) else {
            throw .address(
                address, reason: "links are not encrypted, so only loopback addresses (127.0.0.1, [::1]) are allowed")
        }
    }

    static func isLoopback(_ host: Substring) -> Bool {
        if host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
