extension BubbleReport {
    /// The report for a terminal, at most 100 columns wide, without colour.
    public func text() -> String {
        var blocks = [headlineText, summaryText, bubbleText]
        blocks += CauseTable(self).blocks
        blocks.append(workText)
        if !links.isEmpty { blocks.append(linksText) }
        if let gradientSumText { blocks.append(gradientSumText) }
        if whatIfs.count > 1 { blocks.append(whatIfText) }
        if let medianStep, ranks.count <= 16 { blocks.append(StepDrawing(medianStep, names: names).text) }
        if !notes.isEmpty { blocks.append(notes.map { Paragraph.wrap("note: " + $0) }.joined(separator: "\n")) }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    /// `based on 5,431 of 1,000,000 steps`; nil where it is all of them.
    var sampleText: String? {
        finishedSteps.map {
            "based on \(Format.grouped(Double(steps))) of \(Format.grouped(Double($0))) steps"
        }
    }

    /// `stage 1`, or `rank 1` where ranks own several stages; of several replicas or shards, `stage 1.0` and
    /// `stage 1.1`, and with both, `stage 1.0.1`.
    var names: [String] {
        ranks.map { rank in
            guard rank.stages.count == 1 else { return "rank \(rank.rank)" }
            let (replicas, shards) = (replicas ?? 1, shards ?? 1)
            return "stage \(rank.stages[0])" + (replicas > 1 ? ".\(rank.rank / shards % replicas)" : "")
                + (shards > 1 ? ".\(rank.rank % shards)" : "")
        }
    }

    private var headlineText: String {
        Paragraph.wrap(headline.sentence) + (headline.fix.map { "\n" + Paragraph.wrap("→ " + $0, indent: 2) } ?? "")
    }

    private var summaryText: String {
        let range = steps == 1 ? "step \(firstStep)" : "steps \(firstStep)–\(lastStep)"
        var parts = [
            "\(name): \(schedule), " + (replicas.map { "\($0) replicas of " } ?? "")
                + (shards.map { "\($0) shards of " } ?? "")
                + "\(stages) stage\(stages == 1 ? "" : "s") × \(microBatches) micro-batch"
                + (microBatches == 1 ? "" : "es"),
            range + (skipped > 0 ? " (\(skipped) before left out)" : ""),
        ]
        if let sampleText { parts.append(sampleText) }
        parts += [
            "step p50 \(Format.milliseconds(stepMs.p50)) ms, p95 \(Format.milliseconds(stepMs.p95)) ms",
            Format.grouped(tokensPerS) + " tok/s",
        ]
        if flopsPerS > 0 {
            let share = peakFlops.map { $0 > 0 ? " (\(Format.percent(flopsPerS / $0, 0)))" : "" } ?? ""
            parts.append(Format.flops(flopsPerS) + share)
        }
        return Paragraph.wrap(parts, separator: " · ")
    }

    private var bubbleText: String {
        func row(_ name: String, _ ratio: Ratio, _ remark: String) -> String {
            name.padded(to: 12) + Format.percent(ratio.fraction).aligned(to: 13)
                + Format.percent(ratio.overhead).aligned(to: 17) + (remark.isEmpty ? "" : "   " + remark)
        }
        let closed = "(p−1)/(m+p−1) and (p−1)/m, p = \(stages), m = \(microBatches)"
        return [
            "Bubble".padded(to: 12) + "idle / wall".aligned(to: 13) + "idle / compute".aligned(to: 17),
            row("measured", bubble.measured, ""),
            row("predicted", bubble.predicted, "the schedule with each stage's median times"),
            row("ideal", bubble.ideal, bubble.idealIsClosedForm ? closed : "the schedule with equal stages"),
        ].joined(separator: "\n")
    }

    private var workText: String {
        // Of several replicas, the slowest.
        let work = Dictionary(grouping: ranks.flatMap(\.work), by: \.stage).values
            .compactMap { $0.max { $0.totalMs < $1.totalMs } }.sorted { $0.stage < $1.stage }
        let most = work.map(\.totalMs).max() ?? 0
        let head =
            "One micro-batch, median ms".padded(to: 28) + "forward".aligned(to: 9) + "backward".aligned(to: 10)
            + "both".aligned(to: 9) + "layers".aligned(to: 8)
        let rows = work.map { stage in
            let bar = most > 0 ? Int((stage.totalMs / most * 30).rounded()) : 0
            return "  stage \(stage.stage)".padded(to: 28) + Format.milliseconds(stage.forwardMs).aligned(to: 9)
                + Format.milliseconds(stage.backwardMs).aligned(to: 10)
                + Format.milliseconds(stage.totalMs).aligned(to: 9) + Format.count(stage.layers).aligned(to: 8) + "   "
                + String(repeating: "▇", count: bar)
        }
        return ([head] + rows).joined(separator: "\n")
    }

    private var linksText: String {
        let limit = 8
        let shown = links.count <= limit ? links : Array(links.sorted { $0.waitedMs > $1.waitedMs }.prefix(limit))
        let head =
            "Links".padded(to: 28) + "per step".aligned(to: 10) + "MiB/s".aligned(to: 9)
            + "latency".aligned(to: 9) + "p95".aligned(to: 8) + "waited".aligned(to: 9) + " ms/step"
        let rows = shown.map { link in
            "  \(names[link.from]) → \(names[link.to])".padded(to: 28) + Format.bytes(link.bytesPerStep).aligned(to: 10)
                + Format.mebibytes(perSecond: link.mbPerS).aligned(to: 9)
                + Format.milliseconds(link.latencyMs.p50).aligned(to: 9)
                + Format.milliseconds(link.latencyMs.p95).aligned(to: 8)
                + Format.milliseconds(link.waitedMs).aligned(to: 9)
        }
        let rest = links.count > limit ? ["  and \(links.count - limit) links that were waited for less"] : []
        return ([head] + rows + rest).joined(separator: "\n")
    }
}

extension BubbleReport {
    /// What the changes would give, without their remarks.
    private var whatIfText: String {
        let width = 56
        let head =
            "What if (replayed with median times)".padded(to: width) + "ms a step".aligned(to: 11)
            + "tok/s".aligned(to: 12) + "gain".aligned(to: 9) + "bubble".aligned(to: 9)
        let rows = whatIfs.map { change in
            "  \(change.title)".cut(to: width).padded(to: width) + Format.milliseconds(change.stepMs).aligned(to: 11)
                + Format.grouped(change.tokensPerS).aligned(to: 12)
                + (change.kind == .asRun ? "" : Format.signedPercent(change.gain)).aligned(to: 9)
                + Format.percent(change.bubble).aligned(to: 9)
        }
        return ([head] + rows).joined(separator: "\n")
    }
}

/// Lines of at most 100 columns.
enum Paragraph {
    static let width = 100

    static func wrap(_ text: String, indent: Int = 0) -> String {
        wrap(text.split(separator: " ").map(String.init), separator: " ", indent: indent)
    }

    static func wrap(_ parts: [String], separator: String, indent: Int = 0) -> String {
        var lines: [String] = []
        for part in parts {
            if let last = lines.last, last.count + separator.count + part.count <= width {
                lines[lines.count - 1] = last + separator + part
            } else {
                lines.append((lines.isEmpty ? "" : String(repeating: " ", count: indent)) + part)
            }
        }
        return lines.joined(separator: "\n")
    }
}
