import Echelon
import Glibc
import Systems

/// Shows on standard error how far a preparation is: a bar that is drawn again in its place, or a line now and then.
final class PreparationDisplay {
    private let drawsInPlace = Terminal.drawsInPlace(STDERR_FILENO)
    private var shownAt = 0.0
    private var hasBar = false

    /// Seconds between two showings: of the bar, and of lines.
    private static let pause = (bar: 0.2, lines: 10.0)

    init(_ preparation: DataPreparation, template: String) {
        if preparation.isDoneBefore {
            say("all of it was done before; --force does it anew")
            return
        }
        say("template: \(template.printable())")
        let shards = preparation.shardsBefore
        if shards > 0 { say("going on behind the \(shards == 1 ? "shard" : "\(shards) shards") of an earlier start") }
    }

    func show(_ progress: PreparationProgress) {
        guard progress.seconds - shownAt >= (drawsInPlace ? Self.pause.bar : Self.pause.lines) else { return }
        shownAt = progress.seconds
        guard drawsInPlace else { return say(progress.fields.joined(separator: "  ")) }
        hasBar = true
        try? Console.write(progress.bar(width: Terminal.width(of: STDERR_FILENO)), to: STDERR_FILENO)
    }

    func end() {
        if hasBar { try? Console.write("\r\u{1b}[K", to: STDERR_FILENO) }
    }

    private func say(_ text: String) { try? Console.write(text + "\n", to: STDERR_FILENO) }
}
