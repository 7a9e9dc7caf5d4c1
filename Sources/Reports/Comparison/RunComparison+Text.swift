import Foundation
import Runs

extension RunComparison {
    /// The comparison for a terminal, at most 100 columns wide, without colour.
    public func text() -> String {
        var lines = [
            Paragraph.wrap("before: \(before.line)", indent: 8), Paragraph.wrap("after:  \(after.line)", indent: 8), "",
            "".padded(to: 26) + ["before", "after", "difference", "ratio"].map { $0.aligned(to: 14) }.joined(),
        ]
        lines += figures.map(line) + ["ms a step and rank"] + causes.map(line)
        if !differences.isEmpty { lines += [""] + differences.map { Paragraph.wrap("differs: " + $0) } }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The JSON text of `--json --compare`.
    public func json() throws -> String {
        try JSONForm.text(self)
    }

    private func line(_ row: Row) -> String {
        "  \(row.title)".padded(to: 26)
            + [row.beforeText, row.afterText, row.differenceText, row.ratioText].map { $0.aligned(to: 14) }.joined()
    }
}

extension RunComparison.Side {
    /// `gpt: 1f1b, 4 stages × 8 micro-batches · 18 steps · 2026-01-01T00:00:00Z`
    var line: String {
        let parts = [
            "\(name): \(schedule), \(stages) stage\(stages == 1 ? "" : "s") × \(microBatches) micro-batch"
                + (microBatches == 1 ? "" : "es"), "\(steps) step\(steps == 1 ? "" : "s")", startedAt,
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: " · ")
    }
}

extension RunComparison.Row {
    var beforeText: String { text(before) }
    var afterText: String { text(after) }

    var differenceText: String {
        let sign = difference > 0 ? "+" : difference < 0 ? "−" : ""
        switch unit {
        case .share: return sign + Format.fixed(difference.magnitude * 100, 1) + " pts"
        case .milliseconds, .tokensPerSecond:
            let size = text(difference.magnitude)
            return size == "·" ? size : sign + size
        }
    }

    /// `× 0.91`
    var ratioText: String { ratio.map { "× " + Format.fixed($0, 2) } ?? "–" }

    private func text(_ value: Double) -> String {
        switch unit {
        case .milliseconds: Format.milliseconds(value)
        case .tokensPerSecond: Format.grouped(value)
        case .share: Format.percent(value)
        }
    }
}
