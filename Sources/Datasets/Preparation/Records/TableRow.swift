internal import Systems

/// A row of a table, RFC 4180: fields between separators, in quotes where they hold one, quotes doubled inside.
enum TableRow {
    /// - Throws: for quotes that are none.
    static func cells(_ bytes: UnsafeRawBufferPointer, separator: UInt8) throws(LineProblem) -> [String] {
        var cells: [String] = []
        var at = 0
        while true {
            cells.append(try cell(bytes, &at, separator))
            guard at < bytes.count else { return cells }
            at += 1
            // A separator at the end: an empty field follows.
            if at == bytes.count {
                cells.append("")
                return cells
            }
        }
    }

    private static func cell(
        _ bytes: UnsafeRawBufferPointer, _ at: inout Int, _ separator: UInt8
    ) throws(LineProblem) -> String {
        let start = at
        guard at < bytes.count, bytes[at] == quote else {
            at = bytes[at...].firstIndex(of: separator) ?? bytes.count
            return try text(bytes[start..<at], start)
        }
        at += 1
        var value: [UInt8] = []
        while let end = bytes[at...].firstIndex(of: quote) {
            value += bytes[at..<end]
            at = end + 1
            if at == bytes.count || bytes[at] == separator { return try text(value, start) }
            guard bytes[at] == quote else {
                throw LineProblem(expected: "the field's end behind its closing quote", got: "more", column: at + 1)
            }
            value.append(quote)
            at += 1
        }
        throw LineProblem(expected: "the field's closing quote", got: "the row's end", column: start + 1)
    }

    private static func text(_ bytes: some Collection<UInt8>, _ start: Int) throws(LineProblem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw LineProblem(expected: "UTF-8", got: "a field that is none", column: start + 1)
        }
        return text
    }

    private static let quote = UInt8(ascii: "\"")
}
