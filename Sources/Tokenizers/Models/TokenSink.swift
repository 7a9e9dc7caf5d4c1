/// Where a model puts its tokens.
struct TokenSink {
    var ids: [Int32] = []
    /// Of each id the part of the text buffer that it stands for; empty unless `tracks`.
    var spans: [Span] = []
    var tracks = false

    @inline(__always) mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        if tracks { spans.append(Span(range)) }
    }
}
