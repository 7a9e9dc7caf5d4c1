import Foundation
public import Runs

/// The progress line of a run that trains.
///
/// `step 10/200  loss 2.3125  grad 1.21  lr 1.0e-3  1,234 tok/s  bubble 11.8 %  12.3 GFLOP/s (61 %)  eta 1m02s`
public struct ProgressLine: Hashable, Sendable {
    /// The step that has just finished.
    public var metrics: StepMetrics
    /// Steps of the whole run.
    public var steps: Int
    /// Of all devices together; nil: not shown.
    public var flopsPerS: Double?
    /// Of all devices together; the share is shown only where this is known.
    public var peakFlopsPerS: Double?
    /// Seconds until the last step will have finished; nil: not shown.
    public var etaSeconds: Double?

    /// A line for one step; what is nil is left out of it.
    public init(
        _ metrics: StepMetrics, of steps: Int, flopsPerS: Double? = nil, peakFlopsPerS: Double? = nil,
        etaSeconds: Double? = nil
    ) {
        self.metrics = metrics
        self.steps = steps
        self.flopsPerS = flopsPerS
        self.peakFlopsPerS = peakFlopsPerS
        self.etaSeconds = etaSeconds
    }

    /// Without a line end, for logs and pipes.
    public var plain: String { fields.joined(separator: "  ") }

    /// For a terminal of `width` columns: starts with a carriage return, overwrites the previous line, never wraps.
    ///
    /// Fields that do not fit are left out from the right; what remains of the width is the bar's, if that is enough.
    public func bar(width: Int) -> String {
        let room = max(0, width - 1)
        var shown = fields
        while shown.count > 1, shown.joined(separator: "  ").count > room { shown.removeLast() }
        let text = String(shown.joined(separator: "  ").prefix(room))
        let cells = min(24, room - text.count - 2)
        let line = cells >= 8 ? Self.cells(metrics.step, of: steps, width: cells) + "  " + text : text
        return "\r" + line + String(repeating: " ", count: max(0, room - line.count))
    }

    /// From left to right, the most important first.
    var fields: [String] {
        var fields = ["step \(metrics.step)/\(steps)"]
        if let loss = metrics.loss { fields.append("loss " + Format.fixed(loss, 4)) }
        if let norm = metrics.gradNorm { fields.append("grad " + Format.fixed(norm, 2)) }
        if metrics.isSkipped, let scale = metrics.lossScale {
            fields.append("skipped: overflow at scale " + Format.scientific(scale))
        }
        fields.append("lr " + Format.scientific(metrics.lr))
        fields.append(Format.grouped(metrics.tokensPerS) + " tok/s")
        if let bubble = metrics.bubbleFraction { fields.append("bubble " + Format.percent(bubble)) }
        if let flopsPerS { fields.append(Format.flops(flopsPerS) + share(flopsPerS)) }
        if let etaSeconds { fields.append("eta " + Format.duration(etaSeconds)) }
        return fields
    }

    private func share(_ flopsPerS: Double) -> String {
        guard let peak = peakFlopsPerS, peak > 0 else { return "" }
        return " (" + Format.percent(flopsPerS / peak, 0) + ")"
    }

    private static func cells(_ step: Int, of steps: Int, width: Int) -> String {
        let share = steps > 0 ? min(1, max(0, Double(step) / Double(steps))) : 0
        let full = Int((share * Double(width)).rounded(.down))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }
}
