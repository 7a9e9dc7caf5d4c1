import Foundation
import Runs

/// What a run whose samples differ in length computed for nothing: positions that hold no token.
struct PaddingWaste {
    /// Of all computed positions, over the run's last steps.
    let share: Double
    /// Tokens of such a step, without padding.
    let tokensPerStep: Int

    /// Of so many bytes of the metrics: some thousand steps.
    private static let bytes = 1 << 20
    /// Shares below this are not worth a line.
    private static let least = 0.05

    /// nil where samples have one length, or no step is there.
    init?(_ directory: RunDirectory) {
        guard let file = FileHandle(forReadingAtPath: directory.metricsPath) else { return nil }
        defer { try? file.close() }
        guard let end = try? file.seekToEnd(),
            (try? file.seek(toOffset: end > Self.bytes ? end - UInt64(Self.bytes) : 0)) != nil,
            let data = try? file.read(upToCount: Self.bytes)
        else { return nil }
        // The first line may have lost its beginning, and the last one its end.
        let steps = data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            try? StepMetrics(line: String(decoding: line, as: UTF8.self))
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
