/// What rank files that people have leave unsaid.
struct RankFileKind {
    var name: String
    /// By which a file is known: no two have the same.
    var tokenCount: Int
    var pattern: String
    var specialTokens: [(token: String, id: Int)]
    /// Special tokens that begin every text.
    var beginning: [String] = []
    /// Whether texts are brought to Unicode's form NFC first.
    var composes = false

    static let all = [
        RankFileKind(
            name: "gpt2", tokenCount: 50_256, pattern: KnownPatterns.gpt2Text,
            specialTokens: numbered(["<|endoftext|>"], from: 50_256)),
        RankFileKind(
            name: "p50k_base", tokenCount: 50_280, pattern: KnownPatterns.gpt2Text,
            specialTokens: [("<|endoftext|>", 50_256)]),
        RankFileKind(
            name: "cl100k_base", tokenCount: 100_256, pattern: KnownPatterns.cl100kText,
            specialTokens: [
                ("<|endoftext|>", 100_257), ("<|fim_prefix|>", 100_258), ("<|fim_middle|>", 100_259),
                ("<|fim_suffix|>", 100_260), ("<|endofprompt|>", 100_276),
            ]),
        RankFileKind(
            name: "o200k_base", tokenCount: 199_998, pattern: KnownPatterns.o200kText,
            specialTokens: [("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)]),
        RankFileKind(
            name: "qwen", tokenCount: 151_643, pattern: KnownPatterns.qwen2Text,
            specialTokens: numbered(
                ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + (0..<205).map { "<|extra_\($0)|>" }, from: 151_643),
            composes: true),
        RankFileKind(
            name: "llama3", tokenCount: 128_000, pattern: KnownPatterns.llama3Text, specialTokens: llama3Tokens,
            beginning: ["<|begin_of_text|>"]),
        RankFileKind(
            name: "glm-4", tokenCount: 151_329, pattern: KnownPatterns.llama3Text,
            specialTokens: numbered(
                [
                    "<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>",
                    "<|assistant|>", "<|observation|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>",
                    "<|end_of_video|>",
                ], from: 151_329), beginning: ["[gMASK]", "<sop>"]),
    ]

    /// As the tokenizer.json that goes with the models names them.
    private static var llama3Tokens: [(token: String, id: Int)] {
        var names = [
            "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
            "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>",
            "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
        ]
        names += (3..<256 - names.count + 3).map { "<|reserved_special_token_\($0)|>" }
        return numbered(names, from: 128_000)
    }

    private static func numbered(_ tokens: [String], from first: Int) -> [(token: String, id: Int)] {
        tokens.enumerated().map { ($1, first + $0) }
    }
}
