@testable import Tokenizers

extension FuzzTarget {
    private static let folder = FuzzFolder("tokenizers")
    private static let sample = "Hello, wörld! 12345  don't\n\t日本語 🙂 <s>▁a</s> Ｆｕｌｌ e\u{301}\u{0}\u{200D}.jpg"
    private static let pattern =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+"

    static let tokenizers = [
        FuzzTarget("tokenizer-json", longest: 4096) { bytes in
            try use(TokenizerJSON.load(bytes, path: "tokenizer.json"))
        },
        FuzzTarget("sentencepiece", longest: 5120) { bytes in
            for options in [SentencePieceOptions.plain, .llama(beginning: nil)] {
                try use(SentencePieceTokenizer(bytes: bytes, path: "x.model", options: options))
            }
        },
        FuzzTarget("ranks", longest: 4096) { bytes in
            let path = folder.put(bytes, as: "x.tiktoken")
            try use(RankFile.load(path: path, pattern: pattern, specialTokens: [("<s>", 420)]))
        },
        FuzzTarget("vocabulary", longest: 4096) { bytes in
            for (name, part) in zip(["vocab.json", "merges.txt", "tokenizer_config.json"], bytes.parts(3)) {
                folder.put(part, as: name)
            }
            try use(TokenizerFiles.load(directory: folder.path))
        },
        FuzzTarget("pattern", longest: 256) { bytes in
            let pattern = TextPattern.expression(try Pattern(bytes.text))
            var matcher = PatternMatcher()
            var text = sample
            try text.withUTF8 { text in
                // Instrumented, the usual ten million take a second: fuzzing finds many expressions that take them all.
                matcher.begin(textCount: text.count, least: 100_000)
                try pattern.forEachMatch(in: text, &matcher) { match in
                    precondition(0 <= match.lowerBound && match.upperBound <= text.count)
                }
            }
        },
        FuzzTarget("chat-template") { bytes in
            var template = try ChatTemplate(bytes.text, path: "x.jinja", specialTokens: ["bos_token": "<s>"])
            template.limits = JinjaLimits(steps: 100_000, made: 16 << 20)
            let messages = [
                ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: " Hi 🙂"),
                ChatMessage(role: "assistant", content: "Hello\nthere."),
            ]
            _ = try template.text(of: messages, addsGenerationPrompt: true, time: 1_700_000_000)
        },
    ]

    /// Uses a tokenizer in every way.
    static func use(_ tokenizer: (any Tokenizer)?) throws {
        guard let tokenizer else { return }
        let coded = try tokenizer.encodeWithOffsets(sample, addSpecial: true)
        precondition(coded.ids.count == coded.offsets.count)
        for range in coded.offsets { precondition(0 <= range.lowerBound && range.upperBound <= sample.utf8.count) }
        let ids = coded.ids + [-1, 0, 1, 255, .max, Int32(clamping: tokenizer.vocabularySize)]
        for id in ids { attempt { _ = try tokenizer.decode([id], skipSpecial: true) } }
        _ = try tokenizer.decode(coded.ids, skipSpecial: false)
        for id in ids { if let token = tokenizer.token(of: id) { _ = tokenizer.id(of: token) } }
    }
}
