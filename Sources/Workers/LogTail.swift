import Foundation

/// The last lines of a worker's log, for the message that says why it ended.
enum LogTail {
    static func read(_ path: String, lines: Int = 5) -> String? {
        guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else { return nil }
        let text = String(decoding: data.suffix(4096), as: UTF8.self)
        return text.split(separator: "\n").suffix(lines).map { "  \($0)" }.joined(separator: "\n")
    }
}
