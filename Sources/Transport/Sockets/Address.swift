internal import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// Where a socket is: `ipc:///path` or `tcp://host:port`, on this machine.
package enum Address {
    /// The longest path of a Unix socket.
    static let maxPath = 107
    /// The longest name of a host.
    private static let maxHost = 255

    /// Throws for everything but ipc and loopback tcp, with a number for the host.
    package static func check(_ address: String) throws(TransportError) {
        if address.hasPrefix("ipc://") { return try checkPath(address.dropFirst(6), of: address) }
        let (host, _) = try place(address)
        guard isLoopback(host) else { throw elsewhere(address) }
    }

    /// The address with a number for the host, where it names one: `tcp://localhost:5555` is `tcp://127.0.0.1:5555`.
    /// - Throws: for a name that the system does not know, or that is another machine's.
    package static func resolve(_ address: String) throws(TransportError) -> String {
        if address.hasPrefix("ipc://") {
            try check(address)
            return address
        }
        let (host, port) = try place(address)
        if isLoopback(host) { return address }
        guard !host.isEmpty, host.utf8.count <= maxHost, !host.contains("*"), !host.contains("\0") else {
            throw elsewhere(address)
        }
        let numbers = try look(up: String(host), of: address)
        guard let number = numbers.first(where: { isLoopback($0[...]) }) else { throw elsewhere(address, numbers) }
        return "tcp://\(number):\(port)"
    }

    private static func elsewhere(_ address: String, _ numbers: [String] = []) -> TransportError {
        let found = numbers.isEmpty ? "" : " (it is \(numbers.joined(separator: ", ")))"
        return .address(
            address, reason: "another machine\(found): expected a loopback address (127.0.0.1, [::1], localhost)")
    }

    private static func checkPath(_ path: Substring, of address: String) throws(TransportError) {
        guard path.hasPrefix("/"), path.utf8.count <= maxPath else {
            throw .address(address, reason: "expected an absolute path of at most \(maxPath) bytes")
        }
    }

    private static func place(_ address: String) throws(TransportError) -> (host: Substring, port: Substring) {
        guard address.hasPrefix("tcp://") else {
            throw .address(address, reason: "expected tcp://127.0.0.1:PORT or ipc:///PATH")
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

    static func isLoopback(_ host: Substring) -> Bool {
        if host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }

    // MARK: Names

    /// The host's addresses, IPv4 first: the coordinator listens on one of those.
    private static func look(up host: String, of address: String) throws(TransportError) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            throw .address(address, reason: "the host's name leads nowhere: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        var numbers: [String] = []
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }).compactMap(\.self) {
            guard let number = number(of: entry.pointee) else { continue }
            if entry.pointee.ai_family == AF_INET { numbers.insert(number, at: 0) } else { numbers.append(number) }
        }
        return numbers
    }

    private static func number(of entry: addrinfo) -> String? {
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return entry.ai_family == AF_INET6 ? "[\(text)]" : text
    }
}
