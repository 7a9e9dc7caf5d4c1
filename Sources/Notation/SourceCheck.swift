/// A look at the text before libYAML composes it, line by line.
///
/// Composing recurses once per level and follows every alias, so depth, anchors and aliases are refused here; tags,
/// directives and values on several lines are refused with them, since no manifest needs any. With no value longer
/// than its line, a glance at each line's tokens sees what libYAML sees.
struct SourceCheck {
    private let file: String
    private var line = 0
    private var flowDepth = 0
    /// The columns where the block lists and mappings that are still open began.
    private var columns: [Int] = []
    /// Whether the last line ended inside an unquoted text, and the column that a continuation would lie behind.
    private var openText: (isOpen: Bool, behind: Int) = (false, -1)

    private init(file: String) { self.file = file }

    static func check(_ text: String, file: String) throws(ManifestError) {
        var check = SourceCheck(file: file)
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            try check.look(at: Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
        }
    }

    private mutating func look(at bytes: [UInt8]) throws(ManifestError) {
        line += 1
        try refuseControls(bytes)
        var position = bytes.prefix { $0 == " " }.count
        guard position < bytes.count, bytes[position] != "#" else { return }
        if position == 0, isDocumentMark(bytes) { (position, columns, openText) = (3, [], (false, -1)) }
        try refuseContinuation(bytes, at: position)
        if flowDepth == 0 { position = try enterBlocks(bytes, from: position) }
        try readTokens(bytes, from: position)
    }

    /// `- ` opens a list, any other first token perhaps a mapping.
    private mutating func enterBlocks(_ bytes: [UInt8], from start: Int) throws(ManifestError) -> Int {
        var position = start
        while true {
            columns.removeAll { $0 > position }
            openText = (false, columns.last { $0 < position } ?? -1)
            if columns.last != position { columns.append(position) }
            guard columns.count <= Limit.depth + 1 else { throw tooDeep(bytes, at: position) }
            guard bytes.at(position) == "-", isBlank(bytes, position + 1) else { return position }
            openText.behind = position
            position += 1
            while bytes.at(position) == " " { position += 1 }
            if position >= bytes.count || bytes[position] == "#" { return position }
        }
    }

    private mutating func readTokens(_ bytes: [UInt8], from start: Int) throws(ManifestError) {
        var position = start
        while let byte = bytes.at(position) {
            switch byte {
            case " ": position += 1
            case "#": return
            case "\"", "'": position = try endOfQuotes(bytes, from: position)
            case "[", "{":
                flowDepth += 1
                guard flowDepth + columns.count <= Limit.depth + 1 else { throw tooDeep(bytes, at: position) }
                position += 1
            case "]", "}":
                flowDepth = max(0, flowDepth - 1)
                position += 1
            case ",": position += 1
            case ":" where flowDepth > 0 || isBlank(bytes, position + 1):
                if flowDepth == 0 { openText.behind = columns.last ?? -1 }
                position += 1
            default:
                try refuseIndicator(bytes, at: position)
                position = endOfText(bytes, from: position)
                openText.isOpen = !bytes[position...].contains { $0 != " " }
            }
        }
    }

    private func endOfQuotes(_ bytes: [UInt8], from start: Int) throws(ManifestError) -> Int {
        let quote = bytes[start]
        var position = start + 1
        while let byte = bytes.at(position) {
            position += 1
            if byte == "\\", quote == "\"" {
                position += 1
            } else if byte == quote {
                guard quote == "'", bytes.at(position) == quote else { return position }
                position += 1
            }
        }
        throw error(bytes, start, "a quoted text does not end on its line", "a closing \(Character(.init(quote)))")
    }

    private func endOfText(_ bytes: [UInt8], from start: Int) -> Int {
        var position = start
        while let byte = bytes.at(position) {
            switch byte {
            case ":" where isBlank(bytes, position + 1): return position
            case ":" where flowDepth > 0 && bytes.at(position + 1).map(isFlowIndicator) == true: return position
            case "#" where position > start && bytes[position - 1] == " ": return position
            case _ where flowDepth > 0 && isFlowIndicator(byte): return position
            default: position += 1
            }
        }
        return position
    }

    private func isFlowIndicator(_ byte: UInt8) -> Bool { ",[]{}".utf8.contains(byte) }

    private func isBlank(_ bytes: [UInt8], _ position: Int) -> Bool {
        bytes.at(position).map { $0 == " " } ?? true
    }

    private func isDocumentMark(_ bytes: [UInt8]) -> Bool {
        ["---", "..."].contains { bytes.starts(with: $0.utf8) } && isBlank(bytes, 3)
    }
}

extension SourceCheck {
    private func refuseIndicator(_ bytes: [UInt8], at position: Int) throws(ManifestError) {
        let refused: (String, String)? =
            switch bytes[position] {
            case "&": ("an anchor (&)", "the value itself")
            case "*": ("an alias (*)", "the value itself; in quotes, if it begins with a *")
            case "!": ("a tag (!)", "a value without a tag; in quotes, if it begins with a !")
            case "|", ">": ("a text block (\(Character(.init(bytes[position]))))", "the value on one line")
            case "?" where flowDepth > 0 || isBlank(bytes, position + 1): ("a complex key (?)", "key: value")
            case "%" where position == 0: ("a directive (%)", "key: value")
            default: nil
            }
        if let refused { throw error(bytes, position, refused.0, refused.1) }
    }

    /// An unquoted text that goes on behind its line is most often a forgotten colon or comma.
    private mutating func refuseContinuation(_ bytes: [UInt8], at position: Int) throws(ManifestError) {
        guard openText.isOpen else { return }
        openText.isOpen = false
        let goesOn = flowDepth > 0 ? !",]}".utf8.contains(bytes.at(position) ?? 0) : position > openText.behind
        guard goesOn else { return }
        throw error(
            bytes, position, "the value of the line above seems to go on here",
            flowDepth > 0 ? "a comma between two values" : "key: value, at the same indentation as its neighbours")
    }

    private func refuseControls(_ bytes: [UInt8]) throws(ManifestError) {
        for (position, byte) in bytes.enumerated() {
            if byte == 9 { throw error(bytes, position, "a tab", "spaces") }
            if byte < 32 || byte == 127 { throw error(bytes, position, "a control character", "text") }
            if byte == 0xEF, bytes.at(position + 1) == 0xBB, bytes.at(position + 2) == 0xBF {
                throw error(bytes, position, "a byte order mark", "text")
            }
            let isBreak =
                byte == 0xC2 && bytes.at(position + 1) == 0x85
                || byte == 0xE2 && bytes.at(position + 1) == 0x80 && [0xA8, 0xA9].contains(bytes.at(position + 2))
            if isBreak { throw error(bytes, position, "a Unicode line separator", "a line feed") }
        }
    }

    private func tooDeep(_ bytes: [UInt8], at position: Int) -> ManifestError {
        error(
            bytes, position, "more than \(Limit.depth) lists and mappings inside one another",
            "at most \(Limit.depth)")
    }

    private func error(_ bytes: [UInt8], _ position: Int, _ found: String, _ expected: String) -> ManifestError {
        let column = bytes.prefix(position).count { $0 & 0xC0 != 0x80 } + 1
        return ManifestError(at: Mark(file: file, line: line, column: column), found: found, expected: expected)
    }
}

extension [UInt8] {
    fileprivate func at(_ position: Int) -> UInt8? { position < count ? self[position] : nil }
}

extension UInt8 {
    /// Compares with an ASCII character: `case "#":`, `byte == "#"`.
    fileprivate static func ~= (pattern: Unicode.Scalar, byte: UInt8) -> Bool { UInt32(byte) == pattern.value }
    fileprivate static func == (byte: UInt8, scalar: Unicode.Scalar) -> Bool { UInt32(byte) == scalar.value }
    fileprivate static func != (byte: UInt8, scalar: Unicode.Scalar) -> Bool { UInt32(byte) != scalar.value }
}

extension UInt8? {
    fileprivate static func == (byte: UInt8?, scalar: Unicode.Scalar) -> Bool { byte.map { $0 == scalar } ?? false }
}
