import Echelon
import Glibc
import Systems

/// Some lines at the end of what a terminal shows, drawn again and again in the same place.
struct Screen {
    private var lines = 0
    private var size = Terminal.size(of: STDOUT_FILENO)

    /// - Parameter text: what to show in so many columns and lines.
    mutating func show(_ text: (_ width: Int, _ height: Int) -> String) throws(SystemError) {
        let now = Terminal.size(of: STDOUT_FILENO)
        // Lines that were cut to another width may have wrapped: nobody knows where they begin.
        let back = now == size ? (lines > 0 ? "\u{1b}[\(lines)A" : "") : "\u{1b}[H\u{1b}[2J"
        size = now
        let shown = text(now.width - 1, now.height - 1).split(separator: "\n", omittingEmptySubsequences: false)
        lines = shown.count
        try Console.write(
            "\r" + back + shown.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J", to: STDOUT_FILENO)
    }
}
