/// What is done with a text's ids at the end.
indirect enum PostProcessor: Sendable {
    /// Ids around the text: as many copies of the text as the template has.
    case template([TemplatePart])
    /// Takes white space out of what tokens stand for; the first keeps a space that may have been added.
    case trimOffsets(keepsFirst: Bool)
    case sequence([PostProcessor])

    enum TemplatePart: Hashable, Sendable {
        case text
        case ids([Int32])
    }

    /// What stands around the text; nil where nothing does.
    var templates: [[TemplatePart]] {
        switch self {
        case .template(let parts): [parts]
        case .trimOffsets: []
        case .sequence(let steps): steps.flatMap(\.templates)
        }
    }

    /// Changes the ids that `ids` has from `start` on.
    static func wrap(_ ids: inout [Int32], from start: Int, in template: [TemplatePart]) {
        let text = Array(ids[start...])
        ids.removeSubrange(start...)
        for part in template {
            switch part {
            case .text: ids.append(contentsOf: text)
            case .ids(let added): ids.append(contentsOf: added)
            }
        }
    }

    /// Changes ids and offsets.
    /// - Parameter spaces: of each id, the white space that its token holds.
    func apply(
        _ encoded: inout TokenizedText, _ spaces: inout [TokenSpaces], text: UnsafeBufferPointer<UInt8>,
        addSpecial: Bool
    ) {
        switch self {
        case .sequence(let steps):
            for step in steps { step.apply(&encoded, &spaces, text: text, addSpecial: addSpecial) }
        case .template(let parts):
            guard addSpecial else { return }
            let (inner, innerSpaces) = (encoded, spaces)
            encoded = TokenizedText()
            spaces = []
            for part in parts {
                switch part {
                case .text:
                    encoded.ids += inner.ids
                    encoded.offsets += inner.offsets
                    spaces += innerSpaces
                case .ids(let added):
                    encoded.ids += added
                    encoded.offsets += added.map { _ in 0..<0 }
                    spaces += added.map { _ in TokenSpaces() }
                }
            }
        case .trimOffsets(let keepsFirst):
            for index in encoded.ids.indices {
                let offsets = encoded.offsets[index]
                let isFirst = index == 0 || offsets.lowerBound == 0
                encoded.offsets[index] = spaces[index].trim(offsets, text, keepsLeft: isFirst && keepsFirst)
            }
        }
    }
}

/// How many of a token's characters are white space, at its beginning and at its end.
struct TokenSpaces: Hashable, Sendable {
    var leading = 0
    var trailing = 0

    init() {}

    /// - Parameter spelling: with GPT-2's letter for a space, or a space itself.
    init(spelling: String) {
        func isSpace(_ scalar: UnicodeScalar) -> Bool { scalar == "\u{120}" || scalar.value.isWhiteSpace }
        leading = spelling.unicodeScalars.prefix(while: isSpace).count
        trailing = spelling.unicodeScalars.reversed().prefix(while: isSpace).count
    }

    /// The range without so many scalars.
    func trim(_ range: Range<Int>, _ text: UnsafeBufferPointer<UInt8>, keepsLeft: Bool) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        // Of several the file's own step added none.
        for _ in 0..<(keepsLeft && leading == 1 ? 0 : leading) where start < end {
            start += text.scalar(at: start).byteCount
        }
        for _ in 0..<trailing where end > start { end -= text.scalar(before: end).byteCount }
        return start..<max(start, end)
    }
}
