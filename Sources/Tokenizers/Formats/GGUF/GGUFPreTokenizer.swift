/// What `tokenizer.ggml.pre` means.
struct GGUFPreTokenizer {
    private enum Splitting {
        case expression(String)
        /// Digits by themselves, then GPT-2's.
        case digits
    }

    private let splitting: Splitting
    private(set) var ignoresMerges = false
    private(set) var normalizer: Normalizer?

    private static let supported = "gpt-2, smollm, llama-bpe, qwen2, chatglm-bpe"

    init(named name: String?) throws(LoadProblem) {
        switch name {
        case "gpt-2", "phi-2": splitting = .expression(KnownPatterns.gpt2Text)
        case "smollm", "starcoder", "refact", "command-r", "codeshell": splitting = .digits
        case "llama-bpe", "llama3", "llama-v3":
            splitting = .expression(KnownPatterns.llama3Text)
            ignoresMerges = true
        case "chatglm-bpe": splitting = .expression(KnownPatterns.llama3Text)
        case "qwen2", "deepseek-r1-qwen":
            splitting = .expression(KnownPatterns.qwen2Text)
            normalizer = .form(.nfc)
        default:
            throw .unsupported(
                what: "tokenizer.ggml.pre \(name.map { shownToken($0) } ?? "left out")", supported: Self.supported)
        }
    }

    func steps() throws(LoadProblem) -> PreTokenizer {
        switch splitting {
        case .expression(let text): .split(.expression(try Pattern(text)), .isolated, inverted: false)
        case .digits:
            .sequence([
                .digits(individual: true), .split(.expression(try KnownPatterns.gpt2), .isolated, inverted: false),
            ])
        }
    }
}
