/// The nearest valid spelling of what somebody wrote.
package enum Suggestion {
    /// The nearest of `candidates`: one that `word` begins, one a few letters away, or one a part of the other.
    package static func nearest(to word: String, in candidates: [String]) -> String? {
        let word = String(word.prefix(64))
        if word.count >= 3, let whole = candidates.first(where: { $0.hasPrefix(word) }) { return whole }
        let ranked = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }
        if let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(1, min(word.count, best.0.count) / 3) {
            return best.0
        }
        return candidates.first { isPart(word.lowercased(), $0) || isPart($0, word.lowercased()) }
    }

    private static func isPart(_ part: String, _ whole: String) -> Bool {
        part.count >= 3 && whole.contains(part) || part.count >= 2 && whole.hasPrefix(part)
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        let (a, b) = (Array(first), Array(second))
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
