extension Schedule: CustomStringConvertible {
    /// One line for each rank, instructions separated by spaces: `0F0 0F1 0B0 0B1`.
    public var description: String {
        ranks.map { $0.map(\.description).joined(separator: " ") }.joined(separator: "\n")
    }
}

extension Schedule {
    /// Reads what `description` prints. Lines that begin with `#` are comments. Any run of spaces and commas
    /// separates, so that PyTorch's files of schedules (one row for each rank, empty cells where it idles) are read too.
    ///
    /// Stages, micro-batches and owners are those of the instructions. Throws with line and column where something else
    /// is found; whether the schedule can run is for `validate(edges:queueDepth:)` to say.
    public init(parsing text: String, name: String) throws(ScheduleError) {
        var parser = ScheduleParser()
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            try parser.read(line, number: index + 1)
        }
        self = try parser.schedule(named: name)
    }
}

extension Schedule {
    /// Where an instruction stands in a rank's text: the column of the first character of its word, from 1; behind the
    /// text's end where there are fewer.
    public static func column(ofInstruction position: Int, in text: String) -> Int {
        let words = ScheduleParser.split(text[...])
        let place = words.indices.contains(position) ? words[position].startIndex : text.endIndex
        return text.distance(from: text.startIndex, to: place) + 1
    }
}

/// Collects lines into ranks and learns which rank owns which stage.
private struct ScheduleParser {
    private struct Word {
        var text: Substring
        var line: Substring
        var number: Int

        /// Counted only for errors: it takes as long as the line.
        var column: Int { line.distance(from: line.startIndex, to: text.startIndex) + 1 }
    }

    private static let expected = "an instruction such as 0F0 (stage, one of F B I W, micro-batch)"
    private var ranks: [[Instruction]] = []
    private var owners: [Int: (rank: Int, line: Int)] = [:]
    private var microBatches = 0
    /// Nothing but comments may follow an empty line: it ends the file.
    private var emptyLine: Int?
    private var lastLine = 1

    mutating func read(_ line: Substring, number: Int) throws(ScheduleError) {
        lastLine = number
        guard line.first != "#" else { return }
        let words = Self.words(of: line, number: number)
        guard !words.isEmpty else {
            emptyLine = emptyLine ?? number
            return
        }
        if let emptyLine { throw Self.error(emptyLine, 1, Self.expected, "an empty line") }
        var rank: [Instruction] = []
        for word in words { rank.append(try instruction(word)) }
        ranks.append(rank)
    }

    private mutating func instruction(_ word: Word) throws(ScheduleError) -> Instruction {
        guard let instruction = Instruction(String(word.text)) else {
            throw Self.error(word.number, word.column, Self.expected, Self.shown(word.text))
        }
        let owner = owners[instruction.stage] ?? (ranks.count, word.number)
        guard owner.rank == ranks.count else {
            throw Self.error(
                word.number, word.column, "stage \(instruction.stage) on rank \(owner.rank) (line \(owner.line)) alone",
                "\(instruction) on rank \(ranks.count)")
        }
        owners[instruction.stage] = owner
        microBatches = max(microBatches, instruction.microBatch + 1)
        return instruction
    }

    /// Numbers that skip some would make a table of any size, so they are refused here.
    func schedule(named name: String) throws(ScheduleError) -> Schedule {
        guard !ranks.isEmpty else { throw Self.error(lastLine, 1, Self.expected, "the end of the text") }
        if let missing = (0..<owners.count).first(where: { owners[$0] == nil }) {
            throw Self.error(lastLine, 1, "stage \(missing), since stages count from 0 without a gap", "none")
        }
        let seen = Set(ranks.joined().lazy.map(\.microBatch))
        if seen.count < microBatches, let missing = (0...seen.count).first(where: { !seen.contains($0) }) {
            throw Self.error(
                lastLine, 1, "micro-batch \(missing), since micro-batches count from 0 without a gap", "none")
        }
        let rankOfStage = (0..<owners.count).compactMap { owners[$0]?.rank }
        return Schedule(name: name, microBatches: microBatches, rankOfStage: rankOfStage, ranks: ranks)
    }

    /// Bounded, and with all spelled out that a terminal would act on: a character may hold any number of marks.
    private static func shown(_ text: Substring) -> String {
        "\"" + text.unicodeScalars.prefix(32).map { $0.escaped(asASCII: true) }.joined() + "\""
    }

    private static func words(of line: Substring, number: Int) -> [Word] {
        split(line).map { Word(text: $0, line: line, number: number) }
    }

    static func split(_ line: Substring) -> [Substring] { line.split { $0 == " " || $0 == "," } }

    private static func error(_ line: Int, _ column: Int, _ expected: String, _ got: String) -> ScheduleError {
        .syntax(line: line, column: column, expected: expected, got: got)
    }
}
