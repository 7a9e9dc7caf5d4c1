/// A step that splits a text into the pieces that the model then sees one by one, or changes these.
indirect enum PreTokenizer: Sendable {
    case split(TextPattern, SplitBehavior, inverted: Bool)
    case digits(individual: Bool)
    case punctuation(SplitBehavior)
    /// Drops white space; `words` cuts words from other characters too.
    case whitespace(words: Bool)
    case metaspace(Metaspace)
    /// Writes a space before a piece that begins with none.
    case prefixSpace
    case sequence([PreTokenizer])

    /// Memory that splitting reuses.
    struct Workspace {
        var matcher = PatternMatcher()
        var scratch = TextBuffer()
        var spans: [Span] = []
        var parts: [SplitBehavior.Part] = []
    }

    /// - Parameters:
    ///   - pieces: of the text; replaced by what they are split into.
    ///   - startsDocument: the text begins where its document does.
    func apply(
        _ text: inout TextBuffer, _ pieces: inout [Span], startsDocument: Bool, _ workspace: inout Workspace
    ) throws(TokenizerError) {
        switch self {
        case .sequence(let steps):
            for step in steps {
                try step.apply(&text, &pieces, startsDocument: startsDocument, &workspace)
            }
        case .metaspace(let metaspace):
            metaspace.apply(&text, &pieces, startsDocument: startsDocument, &workspace)
        case .prefixSpace: addSpaces(&text, &pieces, &workspace)
        default:
            workspace.spans.removeAll(keepingCapacity: true)
            let outcome: Result<Void, TokenizerError> = text.bytes.withUnsafeBufferPointer { bytes in
                do throws(TokenizerError) {
                    workspace.matcher.begin(textCount: bytes.count)
                    for piece in pieces { try split(bytes, piece.range, &workspace) }
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            try outcome.get()
            swap(&pieces, &workspace.spans)
        }
    }

    /// Appends the pieces of a piece to the workspace's spans.
    private func split(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout Workspace
    ) throws(TokenizerError) {
        switch self {
        case .split(let pattern, let behavior, let inverted):
            try Self.split(text, range, pattern, behavior, inverted, &workspace)
        case .digits(let individual):
            Self.split(text, range, individual ? .isolated : .contiguous, &workspace) { $0.isNumeric }
        case .punctuation(let behavior): Self.split(text, range, behavior, &workspace) { $0.isPunctuation }
        case .whitespace(let words): Self.dropWhiteSpace(text, range, words: words, &workspace)
        case .metaspace, .prefixSpace, .sequence: break
        }
    }

    private static func split(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ pattern: TextPattern, _ behavior: SplitBehavior,
        _ inverted: Bool, _ workspace: inout Workspace
    ) throws(TokenizerError) {
        let base = range.lowerBound
        let piece = UnsafeBufferPointer(rebasing: text[range])
        var end = 0
        if behavior == .isolated {
            // Matches and gaps alike are pieces.
            var spans = workspace.spans
            workspace.spans = []
            defer { workspace.spans = spans }
            try pattern.forEachMatch(in: piece, &workspace.matcher) { match in
                if match.lowerBound > end { spans.append(Span(base + end..<base + match.lowerBound)) }
                if !match.isEmpty { spans.append(Span(base + match.lowerBound..<base + match.upperBound)) }
                end = match.upperBound
            }
            if end < piece.count { spans.append(Span(base + end..<range.upperBound)) }
            return
        }
        var parts = workspace.parts
        parts.removeAll(keepingCapacity: true)
        try pattern.forEachMatch(in: piece, &workspace.matcher) { match in
            if match.lowerBound > end { parts.append(.init(range: end..<match.lowerBound, isMatch: inverted)) }
            parts.append(.init(range: match, isMatch: !inverted))
            end = match.upperBound
        }
        if end < piece.count { parts.append(.init(range: end..<piece.count, isMatch: inverted)) }
        behavior.pieces(parts) { workspace.spans.append(Span(base + $0.lowerBound..<base + $0.upperBound)) }
        workspace.parts = parts
    }

    /// Splits where a scalar is one of those looked for.
    private static func split(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ behavior: SplitBehavior,
        _ workspace: inout Workspace, _ isMatch: (UInt32) -> Bool
    ) {
        workspace.parts.removeAll(keepingCapacity: true)
        var start = range.lowerBound
        var at = start
        while at < range.upperBound {
            let scalar = text.scalar(at: at)
            if isMatch(scalar.value) {
                if start < at { workspace.parts.append(.init(range: start..<at, isMatch: false)) }
                workspace.parts.append(.init(range: at..<at + scalar.byteCount, isMatch: true))
                start = at + scalar.byteCount
            }
            at += scalar.byteCount
        }
        if start < at { workspace.parts.append(.init(range: start..<at, isMatch: false)) }
        behavior.pieces(workspace.parts) { workspace.spans.append(Span($0)) }
    }

    private static func dropWhiteSpace(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, words: Bool, _ workspace: inout Workspace
    ) {
        var start = range.lowerBound
        var at = start
        var isWord = false
        while at < range.upperBound {
            let scalar = text.scalar(at: at)
            let isSpace = scalar.value.isWhiteSpace
            let isWordScalar = words && !isSpace && scalar.value.isWordScalar
            if start < at, isSpace || isWordScalar != isWord {
                workspace.spans.append(Span(start..<at))
                start = at
            }
            at += scalar.byteCount
            if isSpace { start = at }
            isWord = isWordScalar
        }
        if start < at { workspace.spans.append(Span(start..<at)) }
    }

    private func addSpaces(_ text: inout TextBuffer, _ pieces: inout [Span], _ workspace: inout Workspace) {
        let space = UInt8(ascii: " ")
        guard pieces.contains(where: { text.bytes[Int($0.start)] != space }) else { return }
        text.rewrite(&pieces, &workspace) { source, piece, result in
            if source.bytes[piece.lowerBound] != space {
                result.append([space], from: source.origin(piece.lowerBound))
            }
            result.append(source, piece)
        }
    }
}

extension TextBuffer {
    /// Puts what `write` makes of each piece, which is never empty, in place of the text.
    mutating func rewrite(
        _ pieces: inout [Span], _ workspace: inout PreTokenizer.Workspace,
        _ write: (_ source: TextBuffer, _ piece: Range<Int>, _ result: inout TextBuffer) -> Void
    ) {
        workspace.scratch.clear(tracks: tracks)
        for index in pieces.indices {
            let start = workspace.scratch.bytes.count
            write(self, pieces[index].range, &workspace.scratch)
            pieces[index] = Span(start..<workspace.scratch.bytes.count)
        }
        swap(&self, &workspace.scratch)
    }
}
