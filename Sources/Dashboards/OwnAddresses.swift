import Glibc

/// The addresses by which other machines may reach this one.
enum OwnAddresses {
    /// IPv4, of all interfaces that are up, without the loopback; none where the system does not say.
    static var current: [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap(\.self) {
            guard let address = ipv4(entry.pointee), !found.contains(address) else { continue }
            found.append(address)
        }
        return found
    }

    private static func ipv4(_ interface: ifaddrs) -> String? {
        guard interface.ifa_flags & UInt32(IFF_UP) != 0,
            interface.ifa_flags & UInt32(IFF_LOOPBACK) == 0,
            let address = interface.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET)
        else { return nil }
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
