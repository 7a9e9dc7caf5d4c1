internal import Glibc
internal import Notation
internal import Tensors

extension Rotary {
    /// The angle between consecutive positions, of each pair of one plane: f32, rounded at every step as the families'
    /// reference implementations compute it. Half as many as numbers that turn with one position.
    public func frequencies(headWidth: Int) -> [Float] {
        let width = (width ?? headWidth) / min(max(planes, 1), 2)
        guard (0...Limit.extent).contains(width) else { return [] }
        let periods = (0..<width / 2).map { pair in
            Float(pow(Double(Float(base)), Double(Float(2 * pair) / Float(width))))
        }
        let frequencies: [Float] =
            switch scaling {
            case nil: periods.map { 1 / $0 }
            case .linear(let linear): periods.map { 1 / $0 / Float(linear.factor) }
            case .llama3(let llama3): periods.map { llama3.scaled(1 / $0) }
            case .yarn(let yarn): yarn.scaled(periods, width: width, base: base)
            }
        return rounded ? frequencies.map { Float(Float16($0)) } : frequencies
    }

    /// All that a backend needs; nil for heads that it does not fit.
    func rotation(headWidth: Int) -> Rotation? {
        guard complaint == nil, headWidth > 0, complaint(headWidth: headWidth) == nil else { return nil }
        return Rotation(
            frequencies: frequencies(headWidth: headWidth), amplitude: amplitude, pairs: pairs, planes: planes)
    }

    /// What cos and sin are multiplied by.
    public var amplitude: Float {
        guard case .yarn(let yarn) = scaling else { return 1 }
        return Float(yarn.attentionFactor ?? (yarn.factor <= 1 ? 1 : 0.1 * log(yarn.factor) + 1))
    }
}

extension Rotary.Llama3 {
    fileprivate func scaled(_ frequency: Float) -> Float {
        let wavelength = Float(2 * Double.pi) * (1 / frequency)
        if wavelength > Float(Double(original) / low) { return frequency / Float(factor) }
        if wavelength < Float(Double(original) / high) { return frequency }
        let share = (Float(original) * (1 / wavelength) - Float(low)) / Float(high - low)
        return (1 - share) * frequency / Float(factor) + share * frequency
    }
}

extension Rotary.Yarn {
    /// Frequencies of these periods, divided along a ramp from pair `from` to pair `to`.
    fileprivate func scaled(_ periods: [Float], width: Int, base: Double) -> [Float] {
        let (from, to) = ramp(width: width, base: base)
        let length = Float(from == to ? 0.001 : to - from)
        return periods.enumerated().map { pair, period in
            let divided = min(max((Float(pair) - Float(from)) / length, 0), 1)
            let kept = 1 - divided
            return 1 / (Float(factor) * period) * (1 - kept) + 1 / period * kept
        }
    }

    private func ramp(width: Int, base: Double) -> (from: Double, to: Double) {
        /// The pair that turns so often over the original length.
        func pair(turns: Double) -> Double {
            Double(width) * log(Double(original) / (turns * 2 * .pi)) / (2 * log(base))
        }
        let (from, to) = (pair(turns: betaFast), pair(turns: betaSlow))
        return (max(truncate ? from.rounded(.down) : from, 0), min(truncate ? to.rounded(.up) : to, Double(width - 1)))
    }
}
