/// What `manifest.json` of a folder of shards says: what the tokens stand for, where they come from, and what each shard
/// must hold.
package struct ShardManifest: Hashable, Sendable, Codable {
    /// Whose ids the tokens are.
    package struct Tokenizer: Hashable, Sendable, Codable {
        /// `bytes`, or `model`.
        package var kind: String
        /// SHA-256 of its vocabulary: the same for a tokenizer in two formats.
        package var hash: String
        /// Ids are below this.
        package var vocabulary: Int
        /// What stands behind a response.
        package var end: Int
        /// Where it was; nil for bytes.
        package var path: String?
    }

    /// How conversations were written.
    package struct Template: Hashable, Sendable, Codable {
        /// `none`, `model`, `chatglm`, a built-in template's name, or a file's.
        package var name: String
        /// SHA-256 of its text; of its name where there is none.
        package var hash: String
    }

    /// A file that was read.
    package struct Input: Hashable, Sendable, Codable {
        package var path: String
        package var bytes: Int
        /// Nanoseconds since 1970.
        package var modified: Int
    }

    /// One shard: `tokens-NAME.u32` and `index-NAME.u64`.
    package struct Shard: Hashable, Sendable, Codable {
        package var name: String
        package var samples: Int
        package var tokens: Int
        /// Tokens that count as targets.
        package var counted: Int
        /// Tokens of the longest sample.
        package var longest: Int
        /// Samples that were cut.
        package var truncated: Int
        /// SHA-256 of the two files.
        package var tokensHash: String
        package var indexHash: String
        package var histogram: [LengthHistogram.Bin]

        enum CodingKeys: String, CodingKey {
            case name, samples, tokens, counted, longest, truncated, histogram
            case tokensHash = "tokens_sha256"
            case indexHash = "index_sha256"
        }
    }

    /// What was passed over.
    package struct Skipped: Hashable, Sendable, Codable {
        package var count = 0
        /// The first of them, with file and line.
        package var first: [String] = []

        package init() {}
    }

    package static let kind = "echelon shards"
    package static let newest = 1

    package var format = Self.kind
    package var version = Self.newest
    package var tokenizer: Tokenizer
    package var template: Template
    package var settings: PreparationSettings
    package var inputs: [Input]
    package var shards: [Shard] = []
    package var samples = 0
    package var tokens = 0
    package var counted = 0
    package var longest = 0
    package var truncated = 0
    package var skipped = Skipped()
    package var histogram: [LengthHistogram.Bin] = []

    package init(tokenizer: Tokenizer, template: Template, settings: PreparationSettings, inputs: [Input]) {
        (self.tokenizer, self.template, self.settings, self.inputs) = (tokenizer, template, settings, inputs)
    }

    /// The name of its file.
    package static let fileName = "manifest.json"

    /// Why two preparations would not write the same; nil: they would.
    func difference(from other: ShardManifest) -> String? {
        if version != other.version { return "another version of the format" }
        if tokenizer.hash != other.tokenizer.hash || tokenizer.end != other.tokenizer.end { return "another tokenizer" }
        if template.hash != other.template.hash { return "another template" }
        if settings != other.settings { return "other settings" }
        if inputs != other.inputs { return "other files, or files that were changed since" }
        return nil
    }

    /// Adds a shard that is done.
    mutating func add(_ shard: Shard) {
        shards.append(shard)
        samples += shard.samples
        tokens += shard.tokens
        counted += shard.counted
        longest = max(longest, shard.longest)
        truncated += shard.truncated
        var all = LengthHistogram()
        all.add(histogram)
        all.add(shard.histogram)
        histogram = all.bins
    }
}

extension ShardManifest.Shard {
    package var tokensFile: String { "tokens-\(name).u32" }
    package var indexFile: String { "index-\(name).u64" }
}
