import Runs

/// The loss over the steps of a run, with the evaluations on the same axes.
struct LossSection {
    private let curve: LossCurve

    init(_ curve: LossCurve) { self.curve = curve }

    /// Where there is no loss, as on simulated devices, an empty section keeps the place: what follows it in a live page
    /// stays what it was when the first loss comes.
    var text: String {
        guard let drawing = LossDrawing(curve) else { return "<section id=\"loss\" hidden></section>" }
        return Html.section("loss", "Loss", lead: lead, legend + drawing.text)
    }

    private var lead: String {
        let evaluations =
            curve.evaluations.isEmpty ? "" : " The points are evaluations on held-out data; the best one has a ring."
        guard curve.width > 1 else { return "Of each step, in nats a target.\(evaluations)" }
        return
            "Mean of each \(Format.grouped(Double(curve.width))) steps, in nats a target, before the range in which they "
            + "lie.\(evaluations)"
    }

    private var legend: String {
        var items: [String] = []
        if let last = curve.buckets.last {
            let name = curve.width > 1 ? "training, mean of the last steps" : "training"
            items.append("<span><i class=\"c-forward\"></i>\(name) <b>\(Format.fixed(last.mean, 4))</b></span>")
        }
        if let last = curve.evaluations.last {
            items.append("<span><i class=\"c-straggler\"></i>held-out <b>\(Format.fixed(last.loss, 4))</b></span>")
        }
        if let best = curve.best, curve.evaluations.count > 1 {
            let perplexity = ", perplexity \(Format.fixed(best.perplexity, 2))"
            items.append(
                "<span>best held-out <b>\(Format.fixed(best.loss, 4))</b> at step "
                    + "\(Format.grouped(Double(best.step)))\(perplexity)</span>")
        }
        return "<p class=\"legend\">\(items.joined())</p>"
    }
}

/// The curve as an SVG that is stretched to what room there is, with its axes' numbers beside it.
private struct LossDrawing {
    private let curve: LossCurve
    private let steps: ClosedRange<Double>
    private let losses: ClosedRange<Double>
    private static let (width, height) = (100_000.0, 10_000.0)

    /// nil where there is nothing to draw.
    init?(_ curve: LossCurve) {
        let values = curve.buckets.flatMap { [$0.least, $0.largest] } + curve.evaluations.map(\.loss)
        guard let least = values.min(), let largest = values.max() else { return nil }
        let firsts = [curve.buckets.first?.first, curve.evaluations.first?.step].compactMap(\.self)
        let lasts = [curve.buckets.last?.last, curve.evaluations.last?.step].compactMap(\.self)
        let (first, last) = (Double(firsts.min() ?? 0), Double(lasts.max() ?? 0))
        self.curve = curve
        steps = first...max(last, first + max(1, first.ulp))
        // A twentieth of room above and below; a level line has some too.
        let room = max((largest - least) / 20, max(largest.magnitude, 1) * 1e-6)
        losses = (least - room)...(largest + room)
    }

    var text: String {
        """
        <div class="curve"><div class="scale">\(scale)</div><div><div class="drawing">\(svg)</div>
        <div class="axis">\(axis)</div></div></div>
        """
    }

    private var svg: String {
        """
        <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" preserveAspectRatio="none" height="240" role="img" \
        aria-label="loss, from step \(Format.grouped(steps.lowerBound)) to \(Format.grouped(steps.upperBound))">
        \(grid)\(band)\(line)\(points)</svg>
        """
    }

    // MARK: Lines

    private func place(_ step: Double, _ loss: Double) -> String {
        "\(Int((share(step, steps) * Self.width).rounded())) \(Int(((1 - share(loss, losses)) * Self.height).rounded()))"
    }

    private func share(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        min(1, max(0, (value - range.lowerBound) / (range.upperBound - range.lowerBound)))
    }

    private func middle(_ bucket: LossCurve.Bucket) -> Double {
        curve.width == 1 ? Double(bucket.first) : (Double(bucket.first) + Double(bucket.last)) / 2
    }

    private var grid: String {
        let lines = ticks.values.map { "M\(place(steps.lowerBound, $0))H\(Int(Self.width))" }
        return "<path class=\"grid\" d=\"\(lines.joined())\" />"
    }

    /// Between the least and the largest loss of the steps that count together.
    private var band: String {
        guard curve.width > 1 else { return "" }
        let edge =
            curve.buckets.map { place(middle($0), $0.largest) }
            + curve.buckets.reversed().map { place(middle($0), $0.least) }
        return "<path class=\"band\" d=\"M\(edge.joined(separator: "L"))Z\" />"
    }

    /// A line of no length with round ends is a dot, however the drawing is stretched.
    private var line: String {
        let places = curve.buckets.map { place(middle($0), $0.mean) }
        guard let first = places.first else { return "" }
        let way = places.count == 1 ? "M\(first)h0" : "M\(places.joined(separator: "L"))"
        return "<path class=\"trace\" d=\"\(way)\" />"
    }

    private var points: String {
        let dots = curve.evaluations.map { "M\(place(Double($0.step), $0.loss))h0" }
        guard let best = curve.best, !dots.isEmpty else { return "" }
        let ring = "M\(place(Double(best.step), best.loss))h0"
        return "<path class=\"ring\" d=\"\(ring)\" /><path class=\"hole\" d=\"\(ring)\" />"
            + "<path class=\"dots\" d=\"\(dots.joined())\" />"
    }

    // MARK: Numbers

    private var ticks: AxisTicks { AxisTicks(losses, count: 5) }

    private var scale: String {
        ticks.values.map { tick in
            "<span style=\"top:\(Html.length(1 - share(tick, losses)))\">\(Format.fixed(tick, ticks.digits))</span>"
        }.joined()
    }

    private var axis: String {
        let ticks = AxisTicks(steps, count: 8)
        return ticks.values.filter { $0.rounded() == $0 }.map { tick in
            let share = share(tick, steps)
            return "<span\(share > 0.85 ? " class=\"last\"" : "") style=\"left:\(Html.length(share))\">"
                + "\(Format.grouped(tick))</span>"
        }.joined()
    }
}
