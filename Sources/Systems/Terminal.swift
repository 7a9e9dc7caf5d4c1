import Glibc

/// What is known of a terminal behind a descriptor.
package enum Terminal {
    /// Whether text can be drawn again in its place there: a terminal that knows how to move its cursor (`TERM` says so; an
    /// editor's shell window sets `dumb`).
    package static func drawsInPlace(
        _ descriptor: Int32, term: String? = getenv("TERM").map { String(cString: $0) }
    ) -> Bool {
        isatty(descriptor) == 1 && !["", "dumb", "unknown"].contains(term ?? "")
    }

    /// Columns; 80 where there is no terminal.
    package static func width(of descriptor: Int32) -> Int { size(of: descriptor).width }

    package static func size(of descriptor: Int32) -> (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
