/// One answer as text while its ids come.
package struct Answer: Sendable {
    private var pieces: TextPieces
    private var search: StopSearch
    private let endTokens: Set<Int32>
    package private(set) var text = ""
    package private(set) var ids: [Int32] = []

    /// - Parameter prompt: the ids before it.
    package init(_ coding: TextCoding, after prompt: [Int32] = [], stops: [String], endTokens: Set<Int32>) {
        pieces = coding.stream(after: prompt)
        search = StopSearch(stops)
        self.endTokens = endTokens
    }

    /// Whether a stop text was found.
    package var isStopped: Bool { search.isFound }

    /// - Returns: the text that is certain with one more id.
    package mutating func append(_ id: Int32) -> String {
        ids.append(id)
        if endTokens.contains(id) { return "" }
        return given(search.append(pieces.append(id)))
    }

    /// - Returns: what was held back.
    package mutating func finish() -> String { given(search.append(pieces.finish()) + search.finish()) }

    private mutating func given(_ piece: String) -> String {
        text += piece
        return piece
    }
}

/// Several answers that come at once, as one text: each whole, in the order of their prompts.
package struct AnswerOrder: Sendable {
    private var waiting: [String]
    private var isDone: [Bool]
    private var current = 0

    package init(count: Int) {
        waiting = Array(repeating: "", count: count)
        isDone = Array(repeating: false, count: count)
    }

    /// - Returns: what can be shown now.
    package mutating func append(_ piece: String, to answer: Int) -> String {
        guard answer == current else {
            waiting[answer] += piece
            return ""
        }
        return piece
    }

    /// - Parameter ending: what stands behind the answer.
    /// - Returns: what can be shown now.
    package mutating func finish(_ answer: Int, ending: String) -> String {
        isDone[answer] = true
        waiting[answer] += ending
        var shown = ""
        while current < waiting.count {
            shown += waiting[current]
            waiting[current] = ""
            guard isDone[current] else { break }
            current += 1
        }
        return shown
    }
}
