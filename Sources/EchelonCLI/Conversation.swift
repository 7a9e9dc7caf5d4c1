import Echelon
import Glibc
import Systems

/// A conversation with a model: a line is a message, and its answer follows.
struct Conversation {
    private let command: Generate
    private let source: ModelSource
    private let coding: TextCoding
    private let format: ChatFormat
    private let pipeline: GenerationRun

    /// Caches for so many positions at most: a longer conversation ends.
    private static let mostPositions = 8192

    init(
        _ command: Generate, _ source: ModelSource, _ coding: TextCoding, _ format: ChatFormat,
        _ places: [PipelineManifest.Device]
    ) throws {
        (self.command, self.source, self.coding, self.format) = (command, source, coding, format)
        pipeline = try command.start(source, places, positions: min(source.window, Self.mostPositions), 1)
    }

    /// Until its input ends.
    func run() throws {
        defer { pipeline.close() }
        var messages = command.opening
        while let line = nextLine() {
            guard !line.isEmpty else { continue }
            messages.append(("user", line))
            messages.append(("assistant", try answer(messages, line)))
        }
    }

    private func nextLine() -> String? {
        if isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 {
            try? Console.write("> ", to: STDOUT_FILENO)
        }
        return readLine()
    }

    private func answer(_ messages: [(role: String, text: String)], _ line: String) throws -> String {
        let ids = try format.ids(messages, coding)
        let room = pipeline.plan.capacity - ids.count
        guard room > 0 else {
            throw RunFailure.badInput(
                "the conversation has \(ids.count) tokens, expected fewer than \(pipeline.plan.capacity)")
        }
        let request = GenerationRequest(
            prompt: ids, count: min(command.tokens, room), sampling: command.sampling.sampling(of: messages.count / 2),
            endTokens: source.endTokens)
        let printer = AnswerPrinter(
            [line], ids: [ids], coding, stops: command.stop, endTokens: source.endTokens, showsPrompts: false,
            json: command.json)
        _ = try pipeline.generate([request]) {
            try printer.show($1, of: $0)
        } finished: {
            try printer.finish($0, $1)
        }
        return printer.text(of: 0)
    }
}
