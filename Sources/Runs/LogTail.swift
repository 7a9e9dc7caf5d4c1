import Glibc
import Systems

/// The last lines of a worker's log, for the message that says why it ended.
package enum LogTail {
    package static func read(_ path: String, lines: Int = 5) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return read(file, lines: lines)
    }

    /// - Parameter file: open; where it stands is not changed.
    package static func read(_ file: Int32, lines: Int = 5) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(file, &bytes, bytes.count, max(0, lseek(file, 0, SEEK_END) - bytes.count))
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return text.split(separator: "\n").suffix(lines).map { "  " + $0.printable(limit: 512) }
            .joined(separator: "\n")
    }
}
