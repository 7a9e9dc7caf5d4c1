/// A text with its white space spelled as ChatGLM-6B's symbols: `<n>`, `<|tab|>`, and `<|blank_2|>` to `<|blank_80|>` for
/// runs of spaces, the longest first.
struct ChatGLMText {
    private(set) var bytes: [UInt8] = []
    /// For each byte, and for the end, where in the given text it comes from; empty where nobody asked.
    private(set) var origins: [Int] = []

    private static let lineBreak = "<n>"
    static let tab = "<|tab|>"
    private static let longestRun = 80

    /// What is appended to a file that lacks it, in order.
    static let symbols = [tab] + (2...longestRun).map(blank)

    private static func blank(_ count: Int) -> String { "<|blank_\(count)|>" }

    init(_ text: UnsafeBufferPointer<UInt8>, tracked: Bool) {
        bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let start = at
            let spelled: String?
            switch text[at] {
            case UInt8(ascii: "\n"): spelled = Self.lineBreak
            case UInt8(ascii: "\t"): spelled = Self.tab
            case UInt8(ascii: " "):
                while at + 1 < text.count, at + 1 - start < Self.longestRun, text[at + 1] == UInt8(ascii: " ") {
                    at += 1
                }
                spelled = at == start ? nil : Self.blank(at + 1 - start)
            default: spelled = nil
            }
            at += 1
            let count = bytes.count
            if let spelled { bytes += spelled.utf8 } else { bytes.append(text[start]) }
            if tracked { origins += Array(repeating: start, count: bytes.count - count) }
        }
        if tracked { origins.append(text.count) }
    }

    /// The text with its white space back.
    static func plain(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "<")) else { return text }
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.first {
            if first == UInt8(ascii: "<"), let (symbol, space) = symbol(at: rest) {
                result += space
                rest = rest.dropFirst(symbol)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// How many bytes the symbol has that a text begins with, and what it stands for.
    private static func symbol(at text: ArraySlice<UInt8>) -> (count: Int, space: [UInt8])? {
        if text.starts(with: lineBreak.utf8) { return (lineBreak.utf8.count, [UInt8(ascii: "\n")]) }
        if text.starts(with: tab.utf8) { return (tab.utf8.count, [UInt8(ascii: "\t")]) }
        let start = "<|blank_"
        guard text.starts(with: start.utf8) else { return nil }
        let digits = text.dropFirst(start.utf8.count).prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard let count = Int(String(decoding: digits.prefix(3), as: UTF8.self)), 2...longestRun ~= count,
            case let symbol = blank(count), text.starts(with: symbol.utf8)
        else { return nil }
        return (symbol.utf8.count, Array(repeating: UInt8(ascii: " "), count: count))
    }
}
