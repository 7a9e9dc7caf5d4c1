import ArgumentParser
import Echelon
import Foundation
import Systems

struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the token ids of texts, or the texts of ids.",
        discussion: """
            A JSON array of ids for each --text, or for each line of --file (a line that is a JSON string is its value, so that \
            texts may hold line breaks); with --decode, arrays of ids in and JSON strings out.
            """)

    @Argument(help: "A folder with a tokenizer, a .gguf or SentencePiece .model file, or a run directory.")
    var model: String

    @Option(help: "A text; may be given several times.")
    var text: [String] = []

    @Option(help: ArgumentHelp("A text a line.", valueName: "file"))
    var file: String?

    @Flag(help: "Ids in, texts out.")
    var decode = false

    @Flag(help: "With what the tokenizer puts around a text, as a token that begins it.")
    var special = false

    func run() throws {
        try reportingFailures {
            guard !text.isEmpty || file != nil else {
                throw RunFailure.badInput("tokenize: expected --text TEXT or --file FILE")
            }
            let tokenizer = try ModelTokenizer(path: model)
            var lines = text
            if let file {
                let bytes = try File.read(file, limit: Self.longestFile)
                guard let whole = String(validating: bytes, as: UTF8.self) else {
                    throw RunFailure.badInput("\(file.printable()): expected UTF-8")
                }
                var parts = whole.lines.map(String.init)
                if parts.last == "" { parts.removeLast() }
                lines += parts.map { !decode && $0.hasPrefix("\"") ? Self.value($0) ?? $0 : $0 }
            }
            for line in lines {
                let encoder = JSONEncoder()
                encoder.outputFormatting = .withoutEscapingSlashes
                let answer =
                    decode
                    ? try encoder.encode(tokenizer.text(Self.ids(line)))
                    : try encoder.encode(tokenizer.ids(line, addSpecial: special))
                try Console.print(String(decoding: answer, as: UTF8.self))
            }
        }
    }

    private static let longestFile = 1 << 30

    private static func value(_ line: String) -> String? {
        try? JSONDecoder().decode(String.self, from: Data(line.utf8))
    }

    private static func ids(_ line: String) throws -> [Int32] {
        guard let ids = try? JSONDecoder().decode([Int32].self, from: Data(line.utf8)) else {
            throw RunFailure.badInput("\(line.printable(limit: 60)): expected a JSON array of ids")
        }
        return ids
    }
}
