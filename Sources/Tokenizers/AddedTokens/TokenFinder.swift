/// Finds added tokens in a text: the leftmost, the longest of several that begin together.
struct TokenFinder: Sendable {
    private var tokens: [AddedToken] = []
    private let trie: PieceTrie
    /// Which bytes some token begins with.
    private var isFirst = [Bool](repeating: false, count: 256)

    /// - Parameter spelled: tokens, each with the bytes to look for. Of several with the same bytes the first is found.
    init(_ spelled: [(token: AddedToken, bytes: [UInt8])]) {
        var keys: [(key: [UInt8], number: Int32)] = []
        var seen: Set<[UInt8]> = []
        for (token, bytes) in spelled {
            guard let first = bytes.first, seen.insert(bytes).inserted else { continue }
            isFirst[Int(first)] = true
            keys.append((bytes, Int32(tokens.count)))
            tokens.append(token)
        }
        keys.sort { $0.key.lexicographicallyPrecedes($1.key) }
        trie = PieceTrie(sortedKeys: keys.map(\.key), numbers: keys.map(\.number))
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// A part of the text: a token's, or what is none.
    struct Part {
        var range: Range<Int>
        var id: Int32?
    }

    /// Appends the text's parts in order.
    func split(_ text: UnsafeBufferPointer<UInt8>, into parts: inout [Part]) {
        var done = 0
        var at = 0
        var spaces = SpaceRun()
        while at < text.count {
            guard isFirst[Int(text[at])], let (end, token) = longest(text, at) else {
                at += 1
                continue
            }
            defer { at = end }
            if token.singleWord, Self.isWord(text, before: at) || Self.isWord(text, at: end) { continue }
            let lower = token.takesLeft ? max(spaces.start(text, before: at), done) : at
            let upper = token.takesRight ? spaces.end(text, from: end) : end
            // White space that the token before it took is no token of its own.
            guard lower < upper else { continue }
            let range = lower..<upper
            if done < range.lowerBound { parts.append(Part(range: done..<range.lowerBound, id: nil)) }
            parts.append(Part(range: range, id: token.id))
            done = range.upperBound
        }
        if done < text.count { parts.append(Part(range: done..<text.count, id: nil)) }
    }

    private func longest(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (end: Int, AddedToken)? {
        var found: (end: Int, number: Int32)?
        trie.forEachPrefix(text, start, text.count) { end, number in found = (end, number) }
        return found.map { ($0.end, tokens[Int($0.number)]) }
    }

    private static func isWord(_ text: UnsafeBufferPointer<UInt8>, before at: Int) -> Bool {
        at > 0 && text.scalar(before: at).value.isWordScalar
    }

    private static func isWord(_ text: UnsafeBufferPointer<UInt8>, at: Int) -> Bool {
        at < text.count && text.scalar(at: at).value.isWordScalar
    }
}

/// White space around tokens. What was looked at is kept: tokens that are white space themselves ask again and again.
private struct SpaceRun {
    private var left = 0..<0
    private var right = 0..<0

    /// Where the white space before a place begins.
    mutating func start(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
        var at = end
        while at > 0, !left.contains(at - 1), case let scalar = text.scalar(before: at), scalar.value.isWhiteSpace {
            at -= scalar.byteCount
        }
        if at > 0, left.contains(at - 1) { at = left.lowerBound }
        left = at..<end
        return at
    }

    /// Where the white space from a place on ends.
    mutating func end(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        if right.contains(start) { return right.upperBound }
        var at = start
        while at < text.count, case let scalar = text.scalar(at: at), scalar.value.isWhiteSpace {
            at += scalar.byteCount
        }
        right = start..<at
        return at
    }
}
