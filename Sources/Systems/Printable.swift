extension StringProtocol {
    /// The text with everything escaped that a terminal or a log line would act on: control characters (C0, DEL, C1),
    /// line and paragraph separators, and marks that change the direction of writing. What comes from outside (a peer, a
    /// file, a path) passes through here before it is shown.
    ///
    ///     "\u{1b}[31mred".printable()   // "\u{1b}[31mred", spelled out
    ///
    /// - Parameter limit: Unicode scalars kept; the rest becomes `…`. A limit in characters would not bound the length:
    ///   a character may hold any number of combining marks.
    package func printable(limit: Int = 4096) -> String {
        var result = ""
        var kept = 0
        for scalar in unicodeScalars {
            guard kept < limit else { return result + "…" }
            kept += 1
            switch scalar.value {
            case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The same for a text of several lines, as a process's account of its failure: line feeds stay.
    /// - Parameter lines: so many are kept.
    package func printableLines(_ lines: Int = 200, limit: Int = 4096) -> String {
        let all = split(separator: "\n", maxSplits: lines, omittingEmptySubsequences: false)
        let kept = all.prefix(lines).map { $0.printable(limit: limit) }
        return kept.joined(separator: "\n") + (all.count > lines ? "\n…" : "")
    }

    /// The same for a message that quotes arguments of the command line: line feeds of theirs are spelled out too.
    package func printableLines(quoting arguments: some Sequence<String>) -> String {
        var bytes = Array(utf8)
        for argument in arguments {
            let value = argument.firstIndex(of: "=").map { argument[argument.index(after: $0)...] }
            // The whole argument, or the value of `--option=value`.
            for quoted in [argument[...], value ?? ""] where quoted.utf8.contains(10) {
                bytes = bytes.replacing(Array(quoted.utf8), with: Array(quoted.printable().utf8))
            }
        }
        return String(decoding: bytes, as: UTF8.self).printableLines()
    }
}

extension StringProtocol {
    /// The lines of a text, as editors on whatever system write them: a carriage return before a line feed is no part of the
    /// line. To Swift both together are one character, which is not equal to a line feed.
    package var lines: [SubSequence] {
        split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }
}
