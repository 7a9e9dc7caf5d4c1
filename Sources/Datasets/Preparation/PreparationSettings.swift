/// What decides, beside the files and the tokenizer, which samples are written.
package struct PreparationSettings: Hashable, Sendable, Codable {
    /// Of all files; nil: by their names.
    package var format: RecordFormat?
    /// The names that a file's columns have; nil: the usual ones.
    package var promptColumn: String?
    package var responseColumn: String?
    package var historyColumn: String?
    /// The most tokens of a sample; nil: no limit.
    package var longest: Int?
    /// Samples of a shard.
    package var shardSamples = Self.usualShard

    package static let usualShard = 65_536

    enum CodingKeys: String, CodingKey {
        case format, longest
        case promptColumn = "prompt_column"
        case responseColumn = "response_column"
        case historyColumn = "history_column"
        case shardSamples = "shard_samples"
    }

    package init() {}
}

/// How a file's records stand in it.
package enum RecordFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// An object a line.
    case jsonl
    /// Fields between commas, RFC 4180, with a line of names at the top.
    case csv
    /// The same with tabs.
    case tsv
    /// Texts with empty lines between them.
    case text
    /// Megatron's `.bin` with the `.idx` beside it.
    case megatron
    /// nanoGPT's `.bin`: u16 tokens, one stream.
    case nanogpt

    /// Whether the file holds tokens already.
    package var isTokens: Bool { self == .megatron || self == .nanogpt }

    /// By a file's name; nil where that says nothing.
    package init?(path: String) {
        let name = path.lowercased()
        let formats: [(String, RecordFormat)] = [
            (".jsonl", .jsonl), (".json", .jsonl), (".ndjson", .jsonl), (".csv", .csv), (".tsv", .tsv), (".txt", .text),
            (".md", .text),
        ]
        guard let found = formats.first(where: { name.hasSuffix($0.0) }) else { return nil }
        self = found.1
    }
}
