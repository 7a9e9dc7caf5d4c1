extension MachineReport {
    /// For a terminal, at most 100 columns wide.
    package func text() -> String {
        let width = findings.map(\.topic.count).max() ?? 0
        let lines = findings.flatMap { $0.lines(topicWidth: width) }
        return (lines + ["", verdict]).joined(separator: "\n")
    }

    private var verdict: String {
        let problems = findings.filter { $0.state == .problem }.map(\.topic)
        if !problems.isEmpty { return "Runs will fail until this is solved: \(problems.joined(separator: ", "))." }
        let notes = findings.filter { $0.state == .note }.map(\.topic)
        return "This machine can train." + (notes.isEmpty ? "" : " Worth a look: \(notes.joined(separator: ", ")).")
    }
}

extension MachineReport.Finding {
    private static let columns = 100
    private static let stateWidth = 9

    fileprivate func lines(topicWidth: Int) -> [String] {
        let indent = Self.stateWidth + topicWidth + 2
        let head = state.rawValue.filled(to: Self.stateWidth) + topic.filled(to: topicWidth + 2)
        let room = Self.columns - indent
        let rows = text.wrapped(to: room) + (advice.map { "→ " + $0 }?.wrapped(to: room, indent: 2) ?? [])
        return rows.enumerated().map { ($0 == 0 ? head : String(repeating: " ", count: indent)) + $1 }
    }
}

extension String {
    fileprivate func filled(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// Lines of at most `width` characters, unless one word is longer.
    fileprivate func wrapped(to width: Int, indent: Int = 0) -> [String] {
        var lines: [String] = []
        for word in split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append((lines.isEmpty ? "" : String(repeating: " ", count: indent)) + word)
            }
        }
        return lines
    }
}
