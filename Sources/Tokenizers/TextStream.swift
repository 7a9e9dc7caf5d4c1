/// The text of ids that come one by one, as a model writes them: each call gives the text that is certain by now, and a
/// character whose bytes have not all come is held back.
///
///     var stream = TextStream(tokenizer, skipSpecial: true)
///     for id in ids { print(try stream.append(id), terminator: "") }
///     print(stream.finish())
package struct TextStream: Sendable {
    private let tokenizer: any Tokenizer
    private let skipSpecial: Bool
    /// Ids whose text was given, then ids whose text is pending. The former are there because a token's text may depend
    /// on its neighbour: many formats drop the space before a text's first word.
    private var window: [Int32]
    private var given: Int
    /// What the window's ids before `given` decode to.
    private var givenText: String
    /// The pending text, a broken character at its end included.
    private var pending = ""

    /// An id holds at least one byte and a character at most four: what is broken after so many is no UTF-8.
    private static let longestWait = 4

    /// - Parameter context: ids that stand before, as a prompt's; the last few matter.
    package init(_ tokenizer: any Tokenizer, skipSpecial: Bool, after context: [Int32] = []) {
        self.tokenizer = tokenizer
        self.skipSpecial = skipSpecial
        window = Array(context.suffix(Self.longestWait))
        given = window.count
        givenText = (try? tokenizer.decode(window, skipSpecial: skipSpecial)) ?? ""
    }

    /// The text that is certain with one more id; empty while a character is incomplete.
    package mutating func append(_ id: Int32) throws(TokenizerError) -> String {
        let text = try tokenizer.decode(window + [id], skipSpecial: skipSpecial)
        window.append(id)
        pending = text.utf8.starts(with: givenText.utf8) ? Self.tail(text, after: givenText) : text
        let isBroken = pending.unicodeScalars.last == "\u{FFFD}"
        if pending.isEmpty || (isBroken && window.count - given < Self.longestWait) { return "" }
        defer { pending = "" }
        window.removeFirst(given)
        given = window.count
        givenText = try tokenizer.decode(window, skipSpecial: skipSpecial)
        return pending
    }

    /// What was held back: a broken character, as U+FFFD.
    package mutating func finish() -> String {
        defer { self = TextStream(tokenizer, skipSpecial: skipSpecial) }
        return pending
    }

    private static func tail(_ text: String, after start: String) -> String {
        String(decoding: text.utf8.dropFirst(start.utf8.count), as: UTF8.self)
    }
}
