import Datasets
import Foundation
import TestSupport
import Testing
import Tokenizers

/// Files that are prepared in a folder of their own, and what came of it.
struct Prepared {
    let folder = Result { try TemporaryFolder() }
    var coder: SampleCoder
    var tokenizer = ShardManifest.Tokenizer.bytes
    var settings = PreparationSettings()
    var allowed = 0

    /// A token is a byte.
    init() throws { coder = try SampleCoder(BytesTokenizer(), .plain, end: 256) }

    init(_ tokenizer: any Tokenizer, _ form: SampleCoder.Form, end: Int32) throws {
        coder = try SampleCoder(tokenizer, form, end: end)
        self.tokenizer = .model(tokenizer, end: coder.end, path: "elsewhere")
    }

    static func fixture(_ name: String) -> String { Bundle.module.bundlePath + "/Fixtures/" + name }

    func file(_ name: String) throws -> String { try folder.get().file(name) }

    func preparation(
        _ files: [String], to output: String = "out", anew: Bool = false, threads: Int = 2
    ) throws -> DataPreparation {
        try DataPreparation(
            files.map { try file($0) }, to: file(output), coder, tokenizer: tokenizer, template: .init(name: "none"),
            settings: settings, allowed: allowed, startsAnew: anew, threads: threads)
    }

    /// Prepares one file's text.
    func shards(of text: String, name: String = "in.jsonl") throws -> ShardSet {
        try folder.get().write(text, to: name)
        _ = try preparation([name], anew: true).run()
        let set = try ShardSet(path: file("out"))
        try set.check(vocabulary: tokenizer.vocabulary, cache: ScanCache(folder: nil))
        return set
    }

    /// Samples as texts of bytes: what counts stands between brackets, the end is `$`.
    func texts(of text: String, name: String = "in.jsonl") throws -> [String] {
        let set = try shards(of: text, name: name)
        return try (0..<set.sampleCount).map { sample in
            try set.runs(ofSample: sample).map { run in
                let ids = run.ids.map { $0 == 256 ? 0x24 : $0 }
                return run.counts ? "[\(ByteTokenizer().decode(ids))]" : ByteTokenizer().decode(ids)
            }.joined()
        }
    }

    func message(of text: String, name: String = "in.jsonl") throws -> String {
        let error = try #require(throws: DatasetError.self) { _ = try shards(of: text, name: name) }
        return error.description.replacingOccurrences(of: try file(""), with: "")
    }
}
