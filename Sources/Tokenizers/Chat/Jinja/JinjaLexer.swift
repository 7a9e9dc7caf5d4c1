/// Cuts a template into text and the tokens of its tags, as Jinja2 with `trim_blocks` and `lstrip_blocks`: Hugging Face's
/// settings (https://jinja.palletsprojects.com/templates/#whitespace-control).
struct JinjaLexer {
    var source: [UInt8]
    var at = 0
    var line = 1
    var tokens: [JinjaToken] = []
    /// Whether the next text begins a line.
    private var beginsLine = true
    /// Whether the next text loses the white space at its start.
    private var dropsSpace = false

    init(_ template: String) throws(JinjaProblem) {
        guard template.utf8.count <= JinjaLimits.templateBytes else {
            throw JinjaProblem(line: 1, kind: .limit("\(template.utf8.count) bytes of template"))
        }
        source = Self.normalized(Array(template.utf8))
    }

    /// Line feeds alone end lines, and one at the end goes.
    private static func normalized(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isBehindReturn = false
        for byte in bytes {
            if byte != 10 || !isBehindReturn { result.append(byte == 13 ? 10 : byte) }
            isBehindReturn = byte == 13
        }
        if result.last == 10 { result.removeLast() }
        return result
    }

    mutating func run() throws(JinjaProblem) -> [JinjaToken] {
        while at < source.count {
            let start = at
            let tag = nextTag()
            try appendText(start..<(tag?.start ?? source.count), before: tag)
            guard let tag else { break }
            count(start..<tag.end)
            at = tag.end
            switch tag.kind {
            case UInt8(ascii: "#"): try skipComment()
            case UInt8(ascii: "%"):
                if try skipRaw(from: tag) { continue }
                try readTag(begin: .blockBegin, end: .blockEnd, close: UInt8(ascii: "%"))
            default: try readTag(begin: .outputBegin, end: .outputEnd, close: UInt8(ascii: "}"))
            }
        }
        tokens.append(JinjaToken(kind: .end, line: line))
        return tokens
    }

    // MARK: Text

    private struct Tag {
        var start: Int
        var end: Int
        var kind: UInt8
        /// `-` or `+` behind the opening, or 0.
        var sign: UInt8
    }

    private func nextTag() -> Tag? {
        var place = at
        while place + 1 < source.count {
            if source[place] == UInt8(ascii: "{"), "{%#".utf8.contains(source[place + 1]) {
                let sign = place + 2 < source.count && "-+".utf8.contains(source[place + 2]) ? source[place + 2] : 0
                return Tag(start: place, end: place + (sign == 0 ? 2 : 3), kind: source[place + 1], sign: sign)
            }
            place += 1
        }
        return nil
    }

    /// Appends a text, without what the tags around it take.
    private mutating func appendText(_ range: Range<Int>, before tag: Tag?) throws(JinjaProblem) {
        var text = source[range]
        if dropsSpace {
            let rest = JinjaText.withoutLeadingSpace(text)
            // The dropped space belonged to the tag before.
            if rest.startIndex > text.startIndex { beginsLine = source[rest.startIndex - 1] == 10 }
            text = rest
        }
        dropsSpace = false
        if let tag {
            if tag.sign == UInt8(ascii: "-") {
                text = JinjaText.withoutTrailingSpace(text)
            } else if tag.sign == 0, tag.kind != UInt8(ascii: "{") {
                let lineStart = text.lastIndex(of: 10).map { $0 + 1 } ?? text.startIndex
                let isFirst = lineStart == text.startIndex && text.first != 10
                if !isFirst || beginsLine, JinjaText.withoutLeadingSpace(text[lineStart...]).isEmpty {
                    text = text[..<lineStart]
                }
            }
        }
        if !text.isEmpty { tokens.append(JinjaToken(kind: .text(Array(text)), line: line)) }
    }

    mutating func count(_ range: Range<Int>) { line += source[range].count { $0 == 10 } }

    /// What follows a tag's end: `-` takes all white space, a block or comment otherwise one line feed.
    private mutating func finishTag(sign: UInt8, trims: Bool) {
        dropsSpace = sign == UInt8(ascii: "-")
        beginsLine = false
        if !dropsSpace, sign != UInt8(ascii: "+"), trims, at < source.count, source[at] == 10 {
            at += 1
            line += 1
            beginsLine = true
        }
    }

    // MARK: Tags

    private mutating func skipComment() throws(JinjaProblem) {
        guard let end = find("#}", from: at) else { throw syntax("#}", "the end") }
        let sign = end > at && "-+".utf8.contains(source[end - 1]) ? source[end - 1] : 0
        count(at..<end)
        at = end + 2
        finishTag(sign: sign, trims: true)
    }

    /// Takes `{% raw %}…{% endraw %}` as text.
    private mutating func skipRaw(from tag: Tag) throws(JinjaProblem) -> Bool {
        var place = tag.end
        guard let (leading, bodyStart) = rawTag("raw", at: &place) else { return false }
        var search = bodyStart
        while let open = find("{%", from: search) {
            var place = open + 2
            let hasSign = place < source.count && "-+".utf8.contains(source[place])
            if hasSign { place += 1 }
            if let (sign, end) = rawTag("endraw", at: &place) {
                var text = source[bodyStart..<open]
                if leading == UInt8(ascii: "-") { text = JinjaText.withoutLeadingSpace(text) }
                if hasSign, source[open + 2] == UInt8(ascii: "-") { text = JinjaText.withoutTrailingSpace(text) }
                if !text.isEmpty { tokens.append(JinjaToken(kind: .text(Array(text)), line: line)) }
                count(tag.end..<end)
                at = end
                finishTag(sign: sign, trims: true)
                return true
            }
            search = open + 2
        }
        throw syntax("{% endraw %}", "the end")
    }

    /// The sign and end of a tag that holds this name alone.
    private func rawTag(_ name: String, at place: inout Int) -> (sign: UInt8, end: Int)? {
        func skipSpace() { while place < source.count, JinjaText.isASCIISpace(source[place]) { place += 1 } }
        skipSpace()
        guard source[place...].starts(with: name.utf8) else { return nil }
        place += name.utf8.count
        skipSpace()
        var sign: UInt8 = 0
        if place < source.count, "-+".utf8.contains(source[place]) {
            sign = source[place]
            place += 1
        }
        return source[place...].starts(with: "%}".utf8) ? (sign, place + 2) : nil
    }

    private func find(_ mark: String, from start: Int) -> Int? {
        let mark = Array(mark.utf8)
        var place = start
        while place + mark.count <= source.count {
            if source[place] == mark[0], source[place...].starts(with: mark) { return place }
            place += 1
        }
        return nil
    }

    private mutating func readTag(
        begin: JinjaToken.Kind, end: JinjaToken.Kind, close: UInt8
    ) throws(JinjaProblem) {
        tokens.append(JinjaToken(kind: begin, line: line))
        var open: [UInt8] = []
        while true {
            skipSpace()
            guard at < source.count else { throw syntax(end.shown, "the end") }
            if open.isEmpty, let sign = closing(close) {
                tokens.append(JinjaToken(kind: end, line: line))
                finishTag(sign: sign, trims: close == UInt8(ascii: "%"))
                return
            }
            let token = try readToken()
            if case .sign(let sign) = token.kind, let bracket = sign.utf8.first, sign.utf8.count == 1 {
                try balance(bracket, &open)
            }
            tokens.append(token)
        }
    }

    private mutating func skipSpace() {
        while at < source.count, JinjaText.isASCIISpace(source[at]) {
            if source[at] == 10 { line += 1 }
            at += 1
        }
    }

    /// Steps behind the tag's end if it is here, and says its sign.
    private mutating func closing(_ close: UInt8) -> UInt8? {
        var place = at
        var sign: UInt8 = 0
        if source[place] == UInt8(ascii: "-") || (source[place] == UInt8(ascii: "+") && close == UInt8(ascii: "%")) {
            sign = source[place]
            place += 1
        }
        guard source[place...].starts(with: [close, UInt8(ascii: "}")]) else { return nil }
        at = place + 2
        return sign
    }

    private func balance(_ bracket: UInt8, _ open: inout [UInt8]) throws(JinjaProblem) {
        switch bracket {
        case UInt8(ascii: "("): open.append(UInt8(ascii: ")"))
        case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
        case UInt8(ascii: "{"): open.append(UInt8(ascii: "}"))
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            guard open.popLast() == bracket else {
                throw syntax("matching brackets", String(decoding: [bracket], as: UTF8.self))
            }
        default: break
        }
    }

    func syntax(_ expected: String, _ got: String) -> JinjaProblem {
        JinjaProblem(line: line, kind: .syntax(expected: expected, got: got))
    }
}
