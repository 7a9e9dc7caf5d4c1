/// The regular expressions that the families split text by, where a file names them only.
enum KnownPatterns {
    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let rest = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// GPT-2's, which ByteLevel means, as do r50k_base and p50k_base.
    static let gpt2Text = #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    /// cl100k_base's as tiktoken has it today: white space that ends a text is one piece.
    static let cl100kText =
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|"#
        + #"\s+(?!\S)|\s"#
    /// Llama 3's and GLM-4's: numbers in threes.
    static let llama3Text = contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"# + rest
    /// Qwen's: numbers digit by digit.
    static let qwen2Text = contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"# + rest
    /// o200k_base's and Llama 4's: capitals begin words.
    static let o200kText =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"# + contractions
        + #"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"# + contractions
        + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    static var gpt2: Pattern { get throws(LoadProblem) { try Pattern(gpt2Text) } }
}
