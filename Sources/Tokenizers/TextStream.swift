/// The text of ids that come one by one, as a model writes them: each call gives the text that is certain by now, and a
/// character whose bytes have not all come is held back.
///
///     var stream = TextStream(tokenizer, skipSpecial: true)
///     for id in ids { print(try stream.append(id), terminator: "") }
///     print(stream.finish())
package struct TextStream: Sendable {
    private let tokenizer: any Tokenizer
    private let skipSpecial: Bool
    /// The latest ids. Some of them stand before what is pending, because a token's text may depend on its neighbour:
    /// many formats drop the space before a text's first word.
    private var window: [Int32]
    /// Ids of the window whose text was given whole.
    private var givenCount: Int
    /// What was given of the window's text.
    private var given: String
    private var pending = ""

    /// A character has at most four bytes: three of them may have to wait for the last, each a U+FFFD meanwhile.
    private static let longestHeld = 3
    /// So many ids without a clean end between characters are no text.
    private static let longestWait = 256
    private static let contextCount = 4

    /// - Parameter context: ids that stand before, as a prompt's; the last few matter.
    package init(_ tokenizer: any Tokenizer, skipSpecial: Bool, after context: [Int32] = []) {
        self.tokenizer = tokenizer
        self.skipSpecial = skipSpecial
        window = Array(context.suffix(Self.contextCount))
        givenCount = window.count
        given = (try? tokenizer.decode(window, skipSpecial: skipSpecial)) ?? ""
    }

    /// The text that is certain with one more id; empty while a character is incomplete.
    package mutating func append(_ id: Int32) throws(TokenizerError) -> String {
        window.append(id)
        let text: String
        do throws(TokenizerError) {
            text = try tokenizer.decode(window, skipSpecial: skipSpecial)
        } catch {
            window.removeLast()
            throw error
        }
        let isTooLong = window.count - givenCount > Self.longestWait
        // Bytes of a broken character can spoil what stood before them: then nothing is certain until they are complete.
        guard text.utf8.starts(with: given.utf8) else {
            pending = try tokenizer.decode(Array(window[givenCount...]), skipSpecial: skipSpecial)
            return isTooLong ? try giveAll() : ""
        }
        pending = String(decoding: text.utf8.dropFirst(given.utf8.count), as: UTF8.self)
        let held = pending.unicodeScalars.reversed().prefix(Self.longestHeld).prefix { $0 == "\u{FFFD}" }.count
        if isTooLong || (held == 0 && !pending.isEmpty) { return try giveAll() }
        let certain = String(pending.unicodeScalars.dropLast(held))
        given += certain
        pending = String(repeating: "\u{FFFD}", count: held)
        return certain
    }

    /// What was held back: a broken character, as U+FFFD.
    package mutating func finish() -> String {
        defer { self = TextStream(tokenizer, skipSpecial: skipSpecial) }
        return pending
    }

    private mutating func giveAll() throws(TokenizerError) -> String {
        defer { pending = "" }
        window.removeFirst(givenCount)
        if window.count > Self.contextCount { window.removeFirst(window.count - Self.contextCount) }
        givenCount = window.count
        given = try tokenizer.decode(window, skipSpecial: skipSpecial)
        return pending
    }
}
