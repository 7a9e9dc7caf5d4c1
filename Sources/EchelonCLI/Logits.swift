import ArgumentParser
import Echelon
import Foundation
import Systems

struct Logits: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a model's logits for given ids, to compare it with any other program.",
        discussion: """
            For each line of --ids, a JSON array of token ids, prints one JSON object: {"logits": [[…], …]}, a row of one \
            number for each id of the vocabulary after each of the line's ids. Computes in f32.
            """)

    @Argument(help: "A run directory, a pretrained model's folder, or a .gguf file.")
    var model: String

    @Option(help: ArgumentHelp("A file with a JSON array of ids a line.", valueName: "file"))
    var ids: String

    func run() throws {
        try reportingFailures {
            let lines = try Self.lines(of: ids)
            guard let longest = lines.map(\.count).max() else {
                throw RunFailure.badInput("\(ids.printable()): expected a JSON array of ids a line, got no line")
            }
            let predictor = try Predictor(try ModelSource(path: model), length: longest)
            for (index, line) in lines.enumerated() {
                guard let wrong = line.first(where: { $0 < 0 || Int($0) >= predictor.vocabulary }) else { continue }
                throw RunFailure.badInput(
                    "\(ids.printable()):\(index + 1): expected ids from 0 to \(predictor.vocabulary - 1), got \(wrong)")
            }
            for line in lines { try Console.print(Self.json(try predictor.logits(after: line))) }
        }
    }

    /// A line may be as long as a sample's.
    private static let longestLine = 16 << 20

    private static func lines(of path: String) throws -> [[Int32]] {
        let text = Data(try File.read(path, limit: 1 << 30))
        var result: [[Int32]] = []
        for (index, line) in text.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            guard !line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) else { continue }
            guard line.count <= longestLine, let ids = try? JSONDecoder().decode([Int32].self, from: line), !ids.isEmpty
            else {
                throw RunFailure.badInput(
                    "\(path.printable()):\(index + 1): expected a JSON array of at least one id, as [1, 42, 7]")
            }
            result.append(ids)
        }
        return result
    }

    private static func json(_ rows: [[Float]]) -> String {
        "{\"logits\":["
            + rows.map { "[" + $0.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ",") + "]" }
            .joined(separator: ",") + "]}"
    }
}
