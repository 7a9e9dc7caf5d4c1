internal import Synchronization

/// A tokenizer made of steps: added tokens are found, the rest is normalised, split into pieces, given to a model, and
/// what a post-processor adds is put around it all.
package struct PipelineTokenizer: Tokenizer {
    let parts: PipelineParts
    package let vocabularySize: Int
    package let specialIds: Set<Int32>
    private let addedIds: [String: Int32]
    let addedById: [Int32: AddedToken]
    /// What stands for an added token in a text: its content, or what that is normalised to.
    let addedTexts: [Int32: [UInt8]]
    private let rawFinder: TokenFinder
    private let normalizedFinder: TokenFinder
    /// Whether the text of a document's first segment keeps where it comes from although nobody asked.
    private let needsStart: Bool
    let decodedBytes: DecodedBytes?
    private let workspaces = WorkspacePool()

    init(_ parts: PipelineParts) throws(TokenizerError) {
        self.parts = parts
        let added = parts.addedTokens
        vocabularySize = parts.size
        specialIds = parts.specialIds
        addedIds = Dictionary(added.map { ($0.content, $0.id) }) { first, _ in first }
        addedById = Dictionary(added.map { ($0.id, $0) }) { first, _ in first }
        // Special tokens are found before others that are spelled alike.
        let ordered = added.filter(\.isSpecial) + added.filter { !$0.isSpecial }
        rawFinder = TokenFinder(ordered.filter { !$0.isNormalized }.map { ($0, Array($0.content.utf8)) })
        var normalized: [(AddedToken, [UInt8])] = []
        var matcher = PatternMatcher()
        var scratch = TextBuffer()
        for token in ordered where token.isNormalized {
            var text = TextBuffer()
            text.bytes = Array(token.content.utf8)
            try parts.normalizer?.apply(&text, &scratch, &matcher)
            normalized.append((token, text.bytes))
        }
        normalizedFinder = TokenFinder(normalized)
        let texts = added.filter { !$0.isNormalized }.map { ($0.id, Array($0.content.utf8)) }
        addedTexts = Dictionary(texts + normalized.map { ($0.0.id, $0.1) }) { first, _ in first }
        needsStart = (parts.preTokenizer?.looksForStart ?? false) && (parts.normalizer?.dropsText ?? false)
        if case .byteLevel = parts.decoder {
            decodedBytes = DecodedBytes(parts.vocabulary, addedTexts, size: vocabularySize)
        } else {
            decodedBytes = nil
        }
    }

    package func id(of token: String) -> Int32? { addedIds[token] ?? parts.vocabulary.id(token) }

    package func token(of id: Int32) -> String? { addedById[id]?.content ?? parts.vocabulary.token(id) }

    // MARK: Encoding

    package func encode(
        utf8 text: UnsafeBufferPointer<UInt8>, addSpecial: Bool, into ids: inout [Int32]
    ) throws(TokenizerError) {
        let shelf = workspaces.take()
        defer { workspaces.giveBack(shelf) }
        shelf.workspace.sink = TokenSink()
        swap(&shelf.workspace.sink.ids, &ids)
        let start = shelf.workspace.sink.ids.count
        let outcome = Result { () throws(TokenizerError) in try run(text, &shelf.workspace, tracks: false) }
        swap(&shelf.workspace.sink.ids, &ids)
        if case .failure = outcome { ids.removeSubrange(start...) }
        try outcome.get()
        guard addSpecial, let postProcessor = parts.postProcessor else { return }
        for template in postProcessor.templates { PostProcessor.wrap(&ids, from: start, in: template) }
    }

    package func encodeWithOffsets(_ text: String, addSpecial: Bool) throws(TokenizerError) -> TokenizedText {
        try text.withUTF8Bytes { bytes throws(TokenizerError) in
            try encodeWithOffsets(bytes, addSpecial: addSpecial)
        }
    }

    private func encodeWithOffsets(
        _ text: UnsafeBufferPointer<UInt8>, addSpecial: Bool
    ) throws(TokenizerError) -> TokenizedText {
        let shelf = workspaces.take()
        defer { workspaces.giveBack(shelf) }
        shelf.workspace.sink = TokenSink(tracks: true)
        try run(text, &shelf.workspace, tracks: true)
        let sink = shelf.workspace.sink
        var result = TokenizedText(ids: sink.ids, offsets: sink.spans.map(\.range))
        guard let postProcessor = parts.postProcessor else { return result }
        var spaces = sink.ids.indices.map { index in
            sink.addedSpaces[index] ?? TokenSpaces(spelling: token(of: sink.ids[index]) ?? "")
        }
        postProcessor.apply(&result, &spaces, text: text, addSpecial: addSpecial)
        return result
    }

    /// Appends ids, and where they come from in the document, to the workspace's sink.
    private func run(
        _ text: UnsafeBufferPointer<UInt8>, _ workspace: inout EncodingWorkspace, tracks: Bool
    ) throws(TokenizerError) {
        if let byte = text.firstInvalidByte() { throw .notUTF8(byte: byte) }
        guard text.count < Int(Int32.max) else { throw .text(expected: "less than 2 GiB", got: "\(text.count) bytes") }
        var segments: [TokenFinder.Part] = []
        rawFinder.split(text, into: &segments)
        for segment in segments {
            if let id = segment.id {
                workspace.sink.append(id, segment.range, found: text)
            } else {
                try encode(text, segment.range, &workspace, tracks: tracks)
            }
        }
    }

    /// Encodes a part of the document that holds no added token but normalised ones.
    private func encode(
        _ document: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout EncodingWorkspace, tracks: Bool
    ) throws(TokenizerError) {
        let startsDocument = range.lowerBound == 0
        workspace.text.load(
            UnsafeBufferPointer(rebasing: document[range]), base: range.lowerBound,
            tracks: tracks || needsStart && startsDocument)
        try parts.normalizer?.apply(&workspace.text, &workspace.steps.scratch, &workspace.steps.matcher)
        if normalizedFinder.isEmpty { return try encodeText(startsDocument, &workspace) }
        var segments: [TokenFinder.Part] = []
        workspace.text.bytes.withUnsafeBufferPointer { normalizedFinder.split($0, into: &segments) }
        var whole = TextBuffer()
        swap(&whole, &workspace.text)
        for segment in segments {
            if let id = segment.id {
                whole.bytes.withUnsafeBufferPointer { text in
                    workspace.sink.append(id, segment.range, found: text, source: whole.source(of: segment.range))
                }
            } else {
                workspace.text.clear(tracks: whole.tracks)
                workspace.text.append(whole, segment.range)
                try encodeText(startsDocument && segment.range.lowerBound == 0, &workspace)
            }
        }
    }

    /// Splits the workspace's text and gives its pieces to the model.
    private func encodeText(_ startsDocument: Bool, _ workspace: inout EncodingWorkspace) throws(TokenizerError) {
        guard !workspace.text.bytes.isEmpty else { return }
        workspace.pieces.removeAll(keepingCapacity: true)
        workspace.pieces.append(Span(0..<workspace.text.bytes.count))
        try parts.preTokenizer?.apply(
            &workspace.text, &workspace.pieces, startsDocument: startsDocument, &workspace.steps)
        let first = workspace.sink.spans.count
        let outcome: Result<Void, TokenizerError> = workspace.text.bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(TokenizerError) in
                try parts.model.encode(bytes, workspace.pieces, &workspace.model, &workspace.sink)
            }
        }
        try outcome.get()
        for index in first..<workspace.sink.spans.count {
            workspace.sink.spans[index] = Span(workspace.text.source(of: workspace.sink.spans[index].range))
        }
    }
}

extension TextBuffer {
    /// Where a part of the text comes from; the part itself unless `tracks`.
    fileprivate func source(of range: Range<Int>) -> Range<Int> {
        guard tracks, !range.isEmpty else { return range }
        let start = Int(origins[range.lowerBound].start)
        return start..<max(start, Int(origins[range.upperBound - 1].end))
    }
}

/// Memory that encoding a text takes, kept for the next.
struct EncodingWorkspace {
    var text = TextBuffer()
    var pieces: [Span] = []
    var steps = PreTokenizer.Workspace()
    var model = TokenModel.Workspace()
    var sink = TokenSink()
}

/// Holds a workspace, so that taking and giving it back moves one reference.
private final class WorkspaceShelf: @unchecked Sendable {
    /// Used by whoever took the shelf from the pool.
    var workspace = EncodingWorkspace()
}

/// As many workspaces as threads have been at it at once.
private final class WorkspacePool: Sendable {
    private let free = Mutex<[WorkspaceShelf]>([])
    /// What a text of this many bytes took is not kept.
    private static let largestKept = 1 << 26

    func take() -> WorkspaceShelf { free.withLock { $0.popLast() } ?? WorkspaceShelf() }

    func giveBack(_ shelf: WorkspaceShelf) {
        shelf.workspace.sink = TokenSink()
        guard shelf.workspace.text.bytes.capacity < Self.largestKept else { return }
        free.withLock { $0.append(shelf) }
    }
}
