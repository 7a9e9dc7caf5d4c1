import Runs

/// What a run whose samples differ in length computed for nothing: positions that hold no token.
struct PaddingWaste {
    /// Of all computed positions, over its first steps.
    let share: Double
    /// Tokens of such a step, without padding.
    let tokensPerStep: Int

    /// So many of the first steps say it: a live page asks again and again.
    private static let steps = 500
    /// Shares below this are not worth a line.
    private static let least = 0.05

    /// nil where samples have one length, or no step is there.
    init?(_ directory: RunDirectory) {
        var file = LineTail(directory.metricsPath)
        let steps = file.read().lines.prefix(Self.steps).compactMap {
            try? StepMetrics(line: String(decoding: $0, as: UTF8.self))
        }
        let shares = steps.compactMap(\.padding)
        guard !shares.isEmpty, shares.count == steps.count else { return nil }
        share = shares.reduce(0, +) / Double(shares.count)
        tokensPerStep = steps.reduce(0) { $0 + $1.tokens } / steps.count
        guard share.isFinite, (0..<1).contains(share) else { return nil }
    }

    /// The run as it was: with the tokens that its steps had.
    func applied(to description: RunDescription) -> RunDescription {
        var description = description
        description.tokensPerStep = tokensPerStep
        description.flopsPerToken /= 1 - share
        return description
    }

    var notes: [String] {
        guard share >= Self.least else { return [] }
        let start = "padding: \(Format.percent(share)) of the computed positions hold no token"
        return [start + "; with data.pack samples share rows, fewer samples a micro-batch pad less"]
    }
}
