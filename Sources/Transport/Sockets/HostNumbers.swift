internal import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// The numbers of hosts, as the system knows them.
extension Address {
    /// The host's addresses, IPv4 first.
    static func look(up host: String, of address: String) throws(TransportError) -> [String] {
        var numbers: [String] = []
        try eachEntry(of: host, of: address) { entry in
            guard let number = number(entry.ai_addr, entry.ai_addrlen) else { return }
            if entry.ai_family == AF_INET { numbers.insert(number, at: 0) } else { numbers.append(number) }
        }
        return numbers
    }

    /// This machine's address from which it reaches the host of a resolved tcp address: by the system's routes, nothing is
    /// sent.
    static func local(toward address: String) throws(TransportError) -> String {
        var found: String?
        try eachEntry(of: try host(of: address), of: address) { entry in
            guard found == nil else { return }
            let file = socket(entry.ai_family, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard file >= 0 else { return }
            defer { close(file) }
            // Any port that is not 0.
            var target = sockaddr_storage()
            memcpy(&target, entry.ai_addr, Int(entry.ai_addrlen))
            let isConnected = withUnsafeMutablePointer(to: &target) { target in
                target.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    $0.pointee.sin_port = UInt16(9).bigEndian
                }
                return target.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(file, $0, entry.ai_addrlen) == 0
                }
            }
            if isConnected { found = number(of: file, getsockname) }
        }
        guard let found else {
            throw .address(address, reason: "this machine has no way there: name one of its addresses with --address")
        }
        return found
    }

    /// The same towards a host by its name or number.
    package static func own(toward host: String) throws(TransportError) -> String {
        let address = "tcp://\(host):9"
        guard let number = try look(up: host, of: address).first else {
            throw .address(address, reason: "the host's name leads nowhere")
        }
        return try local(toward: "tcp://\(number):9")
    }

    /// Whether a host's name or number is this machine's.
    package static func isOwn(_ host: String) -> Bool {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let own = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if host == "localhost" || host == own { return true }
        let numbers = (try? look(up: host, of: host)) ?? []
        return numbers.contains { isLoopback($0[...]) || canBind($0) }
    }

    /// What a name stands for that is an address of this machine, and one that others may reach; nil: nothing.
    package static func ownNumber(of host: String) -> String? {
        let numbers = (try? look(up: host, of: host)) ?? []
        return numbers.first { !isLoopback($0[...]) && canBind($0) }
    }

    /// Whether it is one of this machine's addresses: only those can be bound.
    private static func canBind(_ number: String) -> Bool {
        var isOwn = false
        try? eachEntry(of: number, of: number) { entry in
            let file = socket(entry.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard file >= 0 else { return }
            defer { close(file) }
            if bind(file, entry.ai_addr, entry.ai_addrlen) == 0 { isOwn = true }
        }
        return isOwn
    }

    /// The number of whoever is at the other end of a connection; nil where it has none, or is gone.
    static func peer(of descriptor: Int32) -> String? { number(of: descriptor, getpeername) }

    private static func number(
        of descriptor: Int32, _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> String? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard call(descriptor, address, &size) == 0,
                    [AF_INET, AF_INET6].contains(Int32(address.pointee.sa_family))
                else { return nil }
                return number(address, size)
            }
        }
    }

    private static func eachEntry(
        of host: String, of address: String, _ body: (addrinfo) -> Void
    ) throws(TransportError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            throw .address(address, reason: "the host's name leads nowhere: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }).compactMap(\.self) { body(entry.pointee) }
    }

    private static func number(_ address: UnsafeMutablePointer<sockaddr>?, _ size: socklen_t) -> String? {
        guard let address else { return nil }
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Int32(address.pointee.sa_family) == AF_INET6 ? "[\(text)]" : text
    }
}
