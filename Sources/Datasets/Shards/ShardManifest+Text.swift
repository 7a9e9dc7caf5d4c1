internal import Foundation
internal import Systems

extension ShardManifest {
    /// Some lines that say what was prepared.
    package func summary(of folder: String) -> String {
        let mean = samples > 0 ? Double(tokens) / Double(samples) : 0
        var lines = [
            "\(folder.printable()): \(samples.spaced) samples in \(shards.count == 1 ? "1 shard" : "\(shards.count) shards"), \(tokens.spaced) tokens, "
                + "\(counted.spaced) of them targets",
            "tokens a sample: \(String(format: "%.1f", mean)) in the mean, longest \(longest.spaced)"
                + (truncated > 0 ? "; \(truncated.spaced) were cut to \(settings.longest ?? longest)" : ""),
            "tokenizer: \(tokenizer.isBytes ? "bytes" : tokenizer.path?.printable() ?? "a model's"), vocabulary "
                + "\(tokenizer.vocabulary.spaced); template: \(template.name.printable(limit: 200))",
        ]
        if skipped.count > 0 {
            lines.append("passed over: \(skipped.count == 1 ? "1 record" : skipped.count.spaced + " records")")
            lines += skipped.first.map { "  " + $0.printable() }
        }
        return lines.joined(separator: "\n")
    }

    /// How long the samples are, as bars.
    package func picture(width: Int) -> String {
        var all = LengthHistogram()
        all.add(histogram)
        let rows = all.rows(Self.mostRows)
        let labels = rows.map { $0.least == $0.most ? "\($0.least)" : "\($0.least)–\($0.most)" }
        let counts = rows.map(\.samples.spaced)
        let (labelWidth, countWidth) = (labels.map(\.count).max() ?? 0, counts.map(\.count).max() ?? 0)
        let most = rows.map(\.samples).max() ?? 0
        let room = max(8, min(width, 100) - labelWidth - countWidth - 5)
        return zip(rows, zip(labels, counts)).map { row, texts in
            let share = most > 0 ? Double(row.samples) / Double(most) : 0
            let cells = row.samples > 0 ? max(1, Int((share * Double(room)).rounded())) : 0
            return texts.0.padded(labelWidth) + "  " + texts.1.padded(countWidth) + "  "
                + String(repeating: "█", count: cells)
        }.joined(separator: "\n")
    }

    private static let mostRows = 16
}

extension PreparationProgress {
    /// From left to right, the most important first.
    package var fields: [String] {
        let share = bytes > 0 ? 100 * Double(bytesRead) / Double(bytes) : 100
        var fields = [
            String(format: "%.1f %%", share), "\(samples.spaced) samples", "\(Int(samplesPerSecond).spaced) samples/s",
            "\(Int(seconds > 0 ? Double(tokens) / seconds : 0).spaced) tok/s",
        ]
        if let secondsLeft { fields.append("eta " + Self.duration(secondsLeft)) }
        if skipped > 0 { fields.append("\(skipped.spaced) passed over") }
        return fields
    }

    /// For a terminal: starts with a carriage return, overwrites the previous line, never wraps.
    package func bar(width: Int) -> String {
        let room = max(0, width - 1)
        var shown = fields
        while shown.count > 1, shown.joined(separator: "  ").count > room { shown.removeLast() }
        let text = String(shown.joined(separator: "  ").prefix(room))
        let cells = min(24, room - text.count - 2)
        guard cells >= 8 else { return "\r" + text + String(repeating: " ", count: room - text.count) }
        let share = bytes > 0 ? min(1, Double(bytesRead) / Double(bytes)) : 1
        let full = Int(share * Double(cells))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
        return "\r" + bar + "  " + text + String(repeating: " ", count: room - cells - 2 - text.count)
    }

    private static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let total = Int(seconds.rounded())
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
        if total < 60 { return "\(total)s" }
        return total < 3600 ? "\(total / 60)m\(two(total % 60))s" : "\(total / 3600)h\(two(total % 3600 / 60))m"
    }
}

extension Int {
    /// `1,234,567`
    fileprivate var spaced: String {
        let digits = Array(String(self))
        return digits.enumerated().map { place, digit in
            (place > 0 && (digits.count - place) % 3 == 0 && digits[place - 1] != "-" ? "," : "") + String(digit)
        }.joined()
    }
}

extension String {
    /// Blanks in front, up to so many characters.
    fileprivate func padded(_ width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }
}
