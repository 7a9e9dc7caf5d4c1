package import Datasets
import Families
package import Runs
import Systems
import Tokenizers

/// Samples of shards as people read them.
package enum ShardText: Sendable {
    case ids
    case bytes
    case tokenizer(ModelTokenizer)

    /// By the tokenizer that the shards were prepared with.
    /// - Parameter model: where it is now; nil: where it was.
    /// - Throws: bad input: it is not there, or another.
    package static func text(_ manifest: ShardManifest, model: String?) throws(RunFailure) -> ShardText {
        guard !manifest.tokenizer.isBytes else { return .bytes }
        guard let path = model ?? manifest.tokenizer.path, model != nil || File.exists(path) else {
            throw .badInput(
                "the tokenizer is no longer at \(manifest.tokenizer.path?.printable() ?? "its place"): --model DIR says "
                    + "where it is, --ids prints ids")
        }
        let tokenizer = try ModelTokenizer(path: path)
        guard tokenizer.vocabularyHash == manifest.tokenizer.hash else {
            throw .badInput("\(path.printable()): expected the tokenizer that the data was prepared with, got another")
        }
        return .tokenizer(tokenizer)
    }

    /// - Parameter isDim: whether what does not count is dim; else it stands in brackets.
    package func shown(_ runs: [ShardSet.Run], isDim: Bool) throws(RunFailure) -> String {
        var shown = ""
        for run in runs {
            let text = try text(run.ids)
            shown += run.counts ? text : isDim ? "\u{1b}[2m\(text)\u{1b}[22m" : "⟦\(text)⟧"
        }
        return shown
    }

    private func text(_ ids: [Int32]) throws(RunFailure) -> String {
        switch self {
        case .ids: ids.map(String.init).joined(separator: " ") + " "
        case .bytes:
            ids.split(separator: Int32(ShardManifest.Tokenizer.bytesEnd), omittingEmptySubsequences: false)
                .map { Self.safe(ByteTokenizer().decode($0)) }.joined(separator: "<end>")
        case .tokenizer(let tokenizer): Self.safe(try tokenizer.text(ids))
        }
    }

    /// A file can hold what a terminal would act on.
    private static func safe(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.printable(limit: .max) }
            .joined(separator: "\n")
    }
}
