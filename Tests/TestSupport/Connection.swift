import Glibc

/// A client's end of a connection to this machine. Its reads and writes fail after ten seconds.
public final class Connection {
    private let file: Int32
    private let port: UInt16

    public struct Failure: Error {
        public var what: String
        public var code: Int32
    }

    /// - Parameter host: one of this machine's addresses.
    public init(to port: UInt16, at host: String = "127.0.0.1") throws {
        self.port = port
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(file, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(file)
            throw Failure(what: "connect", code: errno)
        }
    }

    deinit { close(file) }

    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(what: "send", code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a request and hears nothing of the answer yet.
    /// - Parameters:
    ///   - host: nil: this machine, as a browser writes it.
    ///   - headers: whole lines.
    public func ask(_ path: String, method: String = "GET", host: String? = nil, headers: [String] = []) throws {
        let lines =
            ["\(method) \(path) HTTP/1.1", "Host: \(host ?? "localhost:\(port)")", "Connection: close"] + headers
        try send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// What has been sent when `text` is part of it, or everything up to the end.
    public func read(until text: String? = nil) throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count >= 0 || errno == ECONNRESET else { throw Failure(what: "recv", code: errno) }
            if count > 0 { bytes += buffer[..<count] }
            let found = String(decoding: bytes, as: UTF8.self)
            if count <= 0 || text.map(found.contains) == true { return found }
        }
    }
}
