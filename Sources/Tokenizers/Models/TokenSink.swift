/// Where a model puts its tokens.
struct TokenSink {
    var ids: [Int32] = []
    /// Of each id the part of the text buffer that it stands for; empty unless `tracks`.
    var spans: [Span] = []
    var tracks = false
    /// Of added tokens, by their place in `ids`: the white space that was found with them.
    var addedSpaces: [Int: TokenSpaces] = [:]

    @inline(__always) mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        if tracks { spans.append(Span(range)) }
    }

    /// Appends an added token that was found in a text.
    mutating func append(
        _ id: Int32, _ range: Range<Int>, found text: UnsafeBufferPointer<UInt8>, source: Range<Int>? = nil
    ) {
        if tracks { addedSpaces[ids.count] = TokenSpaces(spelling: String(decoding: text[range], as: UTF8.self)) }
        append(id, source ?? range)
    }
}
