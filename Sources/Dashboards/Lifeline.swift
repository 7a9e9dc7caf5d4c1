import Glibc

/// Lines from a pipe, without waiting for longer than said.
package struct Lifeline {
    private let file: Int32
    private var bytes: [UInt8] = []
    package private(set) var hasEnded = false
    private static let longestLine = 65_536

    package init(_ file: Int32) { self.file = file }

    /// - Returns: the next line, if one is there in time.
    package mutating func line(within milliseconds: Int32) -> String? {
        var wanted = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        if !bytes.contains(10), poll(&wanted, 1, milliseconds) > 0 { read() }
        guard let end = bytes.firstIndex(of: 10) else { return nil }
        defer { bytes.removeFirst(end + 1) }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    private mutating func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &buffer, buffer.count)
        if count > 0, bytes.count < Self.longestLine {
            bytes += buffer[..<count]
        } else if count >= 0 || errno != EINTR {
            hasEnded = true
        }
    }
}
