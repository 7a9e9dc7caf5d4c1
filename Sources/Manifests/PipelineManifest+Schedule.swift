package import Notation
public import Scheduling

extension PipelineManifest {
    /// Who computes what when.
    public enum Schedule: Hashable, Sendable {
        /// `schedule: zb-h1`
        case named(ScheduleName)
        /// `schedule: {file: x.txt}`, or as a resolved manifest has it, `schedule: {name: x.txt, ranks: […]}`
        case written(WrittenSchedule)
        /// `schedule: auto`: the one that is predicted to be fastest among those that fit `memory`; the plan chooses it.
        case auto

        /// What reports call it.
        public var name: String {
            switch self {
            case .named(let name): name.rawValue
            case .written(let written): written.name
            case .auto: Self.autoWord
            }
        }
    }

    /// A schedule that somebody wrote down. Where the text of each rank begins is `mark(of: "schedule.ranks.R")`.
    public struct WrittenSchedule: Hashable, Sendable {
        /// The file's name; no generated schedule's.
        public var name: String
        /// By rank: its instructions, `0F0 0F1 0B0 0B1`, separated by blanks and commas.
        public var ranks: [String]

        /// Whether the texts are a schedule is checked where a run or a plan begins.
        public init(name: String, ranks: [String]) {
            self.name = name
            self.ranks = ranks
        }
    }
}

extension PipelineManifest.Schedule {
    private static let autoWord = "auto"

    /// `1f1b` unless written. The marks are those of the ranks' texts.
    static func decode(_ field: Field?) throws(ManifestError) -> (schedule: Self, marks: [String: Mark]) {
        guard let field else { return (.named(.oneForwardOneBackward), [:]) }
        guard case .mapping = field.node.content else {
            let words = PipelineManifest.ScheduleName.allCases.map(\.rawValue) + [autoWord]
            guard case .scalar(let name, _) = field.node.content, !field.node.isNull, words.contains(name) else {
                let near = field.plain.flatMap { Suggestion.nearest(to: $0, in: words) }
                throw field.error(expected: "\(words.joined(separator: ", ")) or {file: PATH}", suggestion: near)
            }
            return (PipelineManifest.ScheduleName(rawValue: name).map { .named($0) } ?? .auto, [:])
        }
        let fields = try Fields(field, keys: Schema.schedule)
        switch (fields["file"], fields["ranks"]) {
        case (let file?, nil):
            let path = try file.filePath("a file that holds a schedule")
            let read = try PipelineManifest.WrittenSchedule.read(path, namedAt: file.node.mark)
            return (
                .written(.init(name: try name(fields["name"]) ?? read.schedule.name, ranks: read.schedule.ranks)),
                read.marks
            )
        case (nil, let ranks?):
            let read = PipelineManifest.WrittenSchedule.with(
                try lines(ranks), name: try name(fields["name"]) ?? "written")
            return (.written(read.schedule), read.marks)
        default:
            throw field.error(expected: "either file or ranks")
        }
    }

    private static func name(_ field: Field?) throws(ManifestError) -> String? {
        guard let field else { return nil }
        let name = try field.text("a name for the schedule")
        guard PipelineManifest.ScheduleName(rawValue: name) == nil, name != autoWord, name.utf8.count <= Limit.name
        else {
            throw field.error(expected: "a name that no known schedule has, of at most \(Limit.name) bytes")
        }
        return name
    }

    private static func lines(_ field: Field) throws(ManifestError) -> [PipelineManifest.WrittenSchedule.Line] {
        var lines: [PipelineManifest.WrittenSchedule.Line] = []
        for entry in try field.list(of: "texts, one for each rank, such as \"0F0 0F1 0B0 0B1\"") {
            let text = try entry.text("a rank's instructions, such as \"0F0 0F1 0B0 0B1\"")
            var mark = entry.node.mark
            if case .scalar(_, isQuoted: true) = entry.node.content, !mark.isOverride { mark.column += 1 }
            lines.append((text, mark))
        }
        return lines
    }

    var yaml: String {
        switch self {
        case .named, .auto: return name
        case .written(let written):
            return "{name: \(YAML.quoted(written.name)), ranks: \(YAML.list(written.ranks.map(YAML.quoted)))}"
        }
    }
}

extension PipelineManifest.WrittenSchedule {
    typealias Line = (text: String, mark: Mark)

    /// Reads a file: one line for each rank, without comments and without the blank lines at the end.
    ///
    /// Whether the lines are a schedule is not looked at. The marks are those of the ranks' texts, as in a manifest.
    package static func read(
        _ path: String, namedAt mark: Mark? = nil
    ) throws(ManifestError) -> (schedule: Self, marks: [String: Mark]) {
        let text = try ManifestFile.text(path, namedAt: mark, what: "schedule")
        var lines: [Line] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        where line.first != "#" {
            lines.append((String(line), Mark(file: path, line: index + 1, column: 1)))
        }
        while let last = lines.last, last.text.allSatisfy({ $0 == " " || $0 == "," }) { lines.removeLast() }
        guard !lines.isEmpty else {
            throw ManifestError(
                at: Mark(file: path, line: 1, column: 1), found: "no instructions",
                expected: "a line for each rank, such as 0F0 0F1 0B0 0B1")
        }
        return with(lines, name: String(path.split(separator: "/").last ?? "file"))
    }

    static func with(_ lines: [Line], name: String) -> (schedule: Self, marks: [String: Mark]) {
        let marks = lines.enumerated().map { ("schedule.ranks.\($0.offset)", $0.element.mark) }
        return (Self(name: name, ranks: lines.map(\.text)), Dictionary(uniqueKeysWithValues: marks))
    }
}
