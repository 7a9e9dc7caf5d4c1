internal import Layers

/// Llama 3's rotation in GGUF files: not its settings are stored, but what each frequency is divided by.
enum LlamaFactors {
    private static let (low, high, original) = (1.0, 4.0, 8192)

    /// The factor of low frequencies by which all of Llama 3's settings are these; nil where they are not.
    static func factor(of factors: [Float], base: Double, headWidth: Int) -> Double? {
        guard let factor = factors.max(), factor >= 1, base > 1, headWidth == 2 * factors.count else { return nil }
        let plain = Rotary(base: base).frequencies(headWidth: headWidth)
        let scaling = Rotary.Scaling.llama3(factor: Double(factor), low: low, high: high, original: original)
        let scaled = Rotary(base: base, scaling: scaling).frequencies(headWidth: headWidth)
        let isSame = zip(zip(plain, scaled), factors).allSatisfy { pair, factor in
            abs(pair.0 / pair.1 - factor) <= 1e-4 * factor
        }
        return isSame ? Double(factor) : nil
    }

    /// As `config.json` has them.
    static func settings(_ factor: Double) -> String {
        "{\"rope_type\": \"llama3\", \"factor\": \(factor), \"low_freq_factor\": \(low), "
            + "\"high_freq_factor\": \(high), \"original_max_position_embeddings\": \(original)}"
    }
}
