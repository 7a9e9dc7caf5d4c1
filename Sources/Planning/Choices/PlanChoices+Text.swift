import Foundation
package import Partitioning
import Runs

extension PlanChoices {
    /// For a terminal.
    public func text() -> String {
        var table = TextTable([
            ("#", .right), ("replicas", .right), ("tensor", .right), ("schedule", .left), ("virtual", .right),
            ("micro-batches", .right),
            ("recompute", .left),
            ("tokens/s", .right), ("step", .right), ("bubble", .right), ("most memory", .right), ("cuts", .left),
        ])
        for (index, choice) in choices.enumerated() {
            table.add([
                "\(index + 1)", "\(choice.replicas)", "\(choice.tensor)", choice.schedule, "\(choice.virtual)",
                "\(choice.microBatches) × \(choice.micro)",
                choice.recompute, choice.tokensPerSecond.groupedText, choice.stepSeconds.secondsText,
                choice.bubbleFraction.percentText, (choice.memoryBytes.max() ?? 0).bytesText,
                Self.text(cuts: choice.cuts),
            ])
        }
        let heading =
            "The fastest ways to run a global batch of \(globalBatch) that fit memory, by \(source)"
        let options = choices.enumerated().map { index, choice in
            let words = choice.options.map { "--set \($0)" }.joined(separator: " ")
            return "  \(index + 1)  \(words.isEmpty ? "as it is" : words)"
        }
        return ([heading] + table.lines() + ["", "To select one:"] + options + note).joined(separator: "\n")
    }

    /// `3 7 8`; of many only the first and last: `1 2 3 4 … 63`. All are in the JSON.
    package static func text(cuts: [Cut]) -> String {
        let words = cuts.map(\.description)
        let shown = words.count > 8 ? words.prefix(4) + ["…"] + words.suffix(1) : words[...]
        return shown.joined(separator: " ")
    }

    private var note: [String] {
        guard !unmeasured.isEmpty else { return [] }
        let sizes = unmeasured.map(String.init).joined(separator: ", ")
        return [
            "",
            "Not tried: micro-batches of \(sizes), which have no profile; `echelon profile` with "
                + "--set batch.micro=\(unmeasured[0]) measures one.",
        ]
    }

    /// The JSON text of `plan --search --json`.
    public func json() throws -> String { try JSONForm.text(self) }
}

extension Double {
    /// `8.21 s`, `83.4 ms`
    package var secondsText: String {
        self < 1 ? String(format: "%.1f ms", self * 1e3) : String(format: "%.2f s", self)
    }

    /// `12,345`
    var groupedText: String { Int(exactly: rounded()).map(\.grouped) ?? "\(self)" }
}
