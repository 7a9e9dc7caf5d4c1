/// Writes a mark for each space, and one before a piece, as SentencePiece does.
struct Metaspace: Hashable, Sendable {
    /// Which pieces get a mark before them, unless they begin with one.
    enum Prefix: String, Sendable {
        case first, never, always
    }

    var mark: UnicodeScalar
    var prefix: Prefix
    /// Whether pieces are then cut before each mark.
    var splits: Bool

    func apply(
        _ text: inout TextBuffer, _ pieces: inout [Span], startsDocument: Bool,
        _ workspace: inout PreTokenizer.Workspace
    ) {
        let mark = Array(String(mark).utf8)
        text.rewrite(&pieces, &workspace) { source, piece, result in
            let first = source.bytes[piece.lowerBound]
            let hasMark = first == UInt8(ascii: " ") || source.bytes[piece].starts(with: mark)
            if !hasMark, getsPrefix(source, piece, startsDocument) {
                result.append(mark, from: source.origin(piece.lowerBound))
            }
            var at = piece.lowerBound
            while let space = source.bytes[at..<piece.upperBound].firstIndex(of: UInt8(ascii: " ")) {
                result.append(source, at..<space)
                result.append(mark, from: source.origin(space))
                at = space + 1
            }
            result.append(source, at..<piece.upperBound)
        }
        if splits { cut(text, &pieces, mark, &workspace) }
    }

    private func getsPrefix(_ text: TextBuffer, _ piece: Range<Int>, _ startsDocument: Bool) -> Bool {
        switch prefix {
        case .never: false
        case .always: true
        case .first: text.tracks ? text.origins[piece.lowerBound].start == 0 : startsDocument && piece.lowerBound == 0
        }
    }

    private func cut(
        _ text: TextBuffer, _ pieces: inout [Span], _ mark: [UInt8], _ workspace: inout PreTokenizer.Workspace
    ) {
        workspace.spans.removeAll(keepingCapacity: true)
        text.bytes.withUnsafeBufferPointer { bytes in
            for piece in pieces {
                var start = Int(piece.start)
                var at = start
                while at < piece.end {
                    let scalar = bytes.scalar(at: at)
                    if scalar.value == self.mark.value, at > start {
                        workspace.spans.append(Span(start..<at))
                        start = at
                    }
                    at += scalar.byteCount
                }
                workspace.spans.append(Span(start..<at))
            }
        }
        swap(&pieces, &workspace.spans)
    }
}
