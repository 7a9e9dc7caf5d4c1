/// What a text becomes before it is cut: characters replaced, spaces removed and written as U+2581.
struct SentencePieceNormalizer: Sendable {
    private let rules: SentencePieceModel.Normalization
    private let charsmap: Charsmap?
    /// Symbols of the user's pass as they are.
    private let symbols: PieceTrie?
    private let addsSuffix: Bool

    static let underscore: [UInt8] = [0xe2, 0x96, 0x81]
    private static let space: UInt8 = 0x20

    init(_ model: SentencePieceModel) throws(TokenizerError) {
        rules = model.normalization
        charsmap = rules.charsmap.isEmpty ? nil : try Charsmap(rules.charsmap, path: model.path)
        symbols = model.userDefined
        addsSuffix = model.treatsWhitespaceAsSuffix
    }

    /// A text as it is cut.
    struct Normalized {
        var bytes: [UInt8] = []
        /// For each byte, and for the end, where in the given text it comes from; empty where nobody asked.
        var origins: [Int] = []

        mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            origins.removeAll(keepingCapacity: true)
        }
    }

    /// Replaces what `result` held.
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - hasPrefix: whether the model's dummy prefix is added, if it has one.
    ///   - tracked: whether `origins` are wanted.
    func normalize(
        _ text: UnsafeBufferPointer<UInt8>, hasPrefix: Bool, tracked: Bool, into result: inout Normalized
    ) {
        result.removeAll()
        var at = rules.removesExtraWhitespace ? endOfSpaces(text) : 0
        guard at < text.count else { return }
        result.bytes.reserveCapacity(text.count + text.count / 2 + Self.underscore.count)
        let addsSpace = rules.addsDummyPrefix && hasPrefix
        if addsSpace, !addsSuffix { appendSpace(from: at, tracked, to: &result) }
        if charsmap == nil, symbols == nil, !rules.removesExtraWhitespace {
            for byte in text[at...] {
                append(byte, from: at, tracked, to: &result)
                at += 1
            }
        } else {
            appendChanged(text, from: &at, tracked, to: &result)
        }
        if rules.removesExtraWhitespace { removeSpacesAtEnd(&result, &at) }
        if addsSpace, addsSuffix { appendSpace(from: at, tracked, to: &result) }
        if tracked { result.origins.append(at) }
    }

    private func appendChanged(
        _ text: UnsafeBufferPointer<UInt8>, from at: inout Int, _ tracked: Bool, to result: inout Normalized
    ) {
        var isBehindSpace = rules.removesExtraWhitespace
        while at < text.count {
            let (length, replacement) = rule(text, at)
            func add(_ bytes: some Sequence<UInt8>) {
                var last: UInt8?
                for byte in bytes {
                    if isBehindSpace, last == nil, byte == Self.space { continue }
                    append(byte, from: at, tracked, to: &result)
                    last = byte
                }
                if let last { isBehindSpace = rules.removesExtraWhitespace && last == Self.space }
            }
            if let replacement, let charsmap { add(charsmap[replacement]) } else { add(text[at..<at + length]) }
            at += length
        }
    }

    /// How many bytes at `at` change together, and into which text of the map; nil for none.
    private func rule(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> (length: Int, text: Range<Int>?) {
        if let end = symbols?.longest(in: text, at: at) { return (end - at, nil) }
        if let found = charsmap?.longest(in: text, at: at) { return (found.length, found.text) }
        return (text.scalar(at: at).byteCount, nil)
    }

    /// Where a text's first character stands that does not become a space.
    private func endOfSpaces(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var at = 0
        while at < text.count {
            let (length, replacement) = rule(text, at)
            if let replacement, let charsmap {
                guard charsmap[replacement].elementsEqual([Self.space]) else { return at }
            } else {
                guard length == 1, text[at] == Self.space else { return at }
            }
            at += length
        }
        return at
    }

    private func removeSpacesAtEnd(_ result: inout Normalized, _ at: inout Int) {
        let space = rules.escapesWhitespace ? Self.underscore : [Self.space]
        while result.bytes.suffix(space.count).elementsEqual(space) {
            let length = result.bytes.count - space.count
            result.bytes.removeLast(space.count)
            if !result.origins.isEmpty {
                at = result.origins[length]
                result.origins.removeLast(space.count)
            }
        }
    }

    @inline(__always)
    private func append(_ byte: UInt8, from origin: Int, _ tracked: Bool, to result: inout Normalized) {
        if byte == Self.space { return appendSpace(from: origin, tracked, to: &result) }
        result.bytes.append(byte)
        if tracked { result.origins.append(origin) }
    }

    private func appendSpace(from origin: Int, _ tracked: Bool, to result: inout Normalized) {
        let space = rules.escapesWhitespace ? Self.underscore : [Self.space]
        result.bytes += space
        if tracked { result.origins += Array(repeating: origin, count: space.count) }
    }
}
