import Systems

/// A place in a manifest, as errors print it: `models/gpt.yaml:4:7`, or `--set batch.micro=x`.
public struct Mark: Hashable, Sendable, CustomStringConvertible {
    /// The manifest's path, or an override as it was given.
    public var file: String
    /// Counted from 1; 0 for an override.
    public var line: Int
    /// Counted from 1, in characters; 0 for an override.
    public var column: Int

    /// A place in a manifest's text, or in Swift source that describes one.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The place of everything that `--set text` sets.
    package static func override(_ text: String) -> Mark {
        Mark(file: "--set \(text.printable(limit: 60))", line: 0, column: 0)
    }

    package var isOverride: Bool { line == 0 }

    public var description: String { isOverride ? file : "\(file.printable()):\(line):\(column)" }
}
