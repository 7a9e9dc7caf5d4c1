import Partitioning

/// Picks the most important cause, names the stages or ranks responsible, and advises.
struct HeadlineBuilder {
    private let report: BubbleReport
    private let isPacked: Bool
    /// Causes below this share of wall, or a tenth of the schedule's own bubble, are not worth a headline.
    private static let threshold = 0.02

    /// - Parameters:
    ///   - report: with its what-ifs.
    ///   - isPacked: samples share rows.
    init(_ report: BubbleReport, isPacked: Bool) { (self.report, self.isPacked) = (report, isPacked) }

    func headline() -> BubbleReport.Headline {
        let avoidable = report.causes.filter { $0.cause == .padding || $0.cause.isIdle && !$0.cause.isStructural }
        let top = avoidable.max { $0.share < $1.share }
        let structural = share(.warmUp) + share(.coolDown)
        guard let top, top.share >= max(Self.threshold, structural / 10) else {
            return structural >= Self.threshold ? schedule(structural) : busy()
        }
        switch top.cause {
        case .padding: return padding(top.share)
        case .imbalance: return imbalance(top.share)
        case .straggler: return straggler(top.share)
        case .transfer: return transfer(top.share)
        case .dataWait: return dataWait(top.share)
        case .backPressure: return backPressure(top.share)
        case .gradientSync: return gradientSync(top.share)
        default: return unattributed(top.share)
        }
    }

    private func share(_ cause: Category) -> Double { report[cause]?.share ?? 0 }

    private func make(
        _ cause: Category?, _ stages: [Int], _ sentence: String, fix: String? = nil
    ) -> BubbleReport.Headline {
        let bubble = Format.percent(report.bubble.measured.fraction)
        let ideal = Format.percent(report.bubble.ideal.fraction)
        let start = "Bubble \(bubble) of the time (ideal \(ideal)); " + (cause == nil ? "" : "top cause: ")
        return BubbleReport.Headline(cause: cause, stages: stages, sentence: start + sentence, fix: fix)
    }

    /// `stage 1`, or `rank 1` where a rank owns several.
    private func name(_ rank: Int) -> String {
        guard let stage = report.ranks[rank].stages.first, report.ranks[rank].stages.count == 1 else {
            return "rank \(rank)"
        }
        return "stage \(stage)"
    }

    private func worst(_ cause: Category) -> BubbleReport.RankReport {
        report.ranks.max { ($0[cause]?.share ?? 0) < ($1[cause]?.share ?? 0) } ?? report.ranks[0]
    }

    // MARK: The schedule itself

    private func schedule(_ share: Double) -> BubbleReport.Headline {
        let (p, m) = (report.stages, report.microBatches)
        let sentence = "the pipeline's own fill and drain, \(Format.percent(share))."
        guard report.bubble.idealIsClosedForm, m <= 1 << 40 else {
            return make(.warmUp, [], sentence, fix: otherSchedule(beyond: 0).map { $0 + "." })
        }
        let now = Format.percent(report.bubble.ideal.fraction)
        let then = Format.percent(Double(p - 1) / Double(2 * m + p - 1))
        return make(
            .warmUp, [], sentence,
            fix: "more micro-batches: \(2 * m) instead of \(m) would give \(then) instead of \(now)."
                + alternative(beyond: 0))
    }

    // MARK: Other schedules

    /// What follows another advice that brings so much.
    private func alternative(beyond gain: Double) -> String {
        otherSchedule(beyond: gain).map { " Or \($0)." } ?? ""
    }

    /// What the schedule, or the end of waiting, that helps most takes to write, and brings; nil where none brings a percent more than that gain.
    private func otherSchedule(beyond gain: Double) -> String? {
        let others = report.whatIfs.filter {
            [.otherSchedule, .noBarrier].contains($0.kind) && $0.gain >= gain + 0.01
        }
        let most = others.map(\.gain).max() ?? 0
        // Of equally good ones, the one that holds least.
        let best = others.filter { $0.gain >= most - 0.005 }.min { ($0.activations ?? 1) < ($1.activations ?? 1) }
        guard let best, let options = best.options else { return nil }
        let held = best.activations ?? 1
        return "\(options): \(prediction(best))"
            + (held >= 1.05 ? ", with \(Format.fixed(held, 2)) × the activations in memory" : "")
    }

    // MARK: Nothing to do

    private func busy() -> BubbleReport.Headline {
        let sentence = report.ranks.count == 1 ? "one stage, nobody to wait for." : "every stage is busy."
        return make(nil, [], sentence)
    }

    // MARK: Padding

    private func padding(_ share: Double) -> BubbleReport.Headline {
        let passes = report.causes.reduce(0) { $0 + ($1.cause.isCompute ? $1.share : 0) }
        let sentence =
            "padding, \(Format.percent(share)): of all passes, \(Format.percent(passes > 0 ? share / passes : 0)) are over "
            + "positions without a token."
        let fix =
            isPacked
            ? "more samples in a micro-batch: its row is filled up to one of a few lengths."
            : "data.pack: true, where samples share rows, or fewer samples in a micro-batch."
        return make(.padding, [], sentence, fix: fix)
    }

    // MARK: Imbalance

    private func imbalance(_ share: Double) -> BubbleReport.Headline {
        let slow = report.ranks.max { $0.microBatchMs < $1.microBatchMs } ?? report.ranks[0]
        let others = report.ranks.filter { $0.rank != slow.rank }.map { Int64(saturating: $0.microBatchMs * 1e6) }
        let usual = Double(median(others)) / 1e6
        let times = usual > 0 ? Format.fixed(slow.microBatchMs / usual, 2) : "∞"
        let sentence =
            "imbalance, \(Format.percent(share)): "
            + "\(name(slow.rank)) takes \(times) × the median time of the others."
        return make(.imbalance, slow.stages, sentence, fix: remedy)
    }

    /// Other cuts, or another schedule where that helps more.
    private var remedy: String? {
        let cuts = report.whatIfs.filter { $0.kind == .bestCuts || $0.kind == .moveLayers }.map(\.gain).max() ?? 0
        guard cuts >= 0.01, let first = otherCuts else {
            return otherSchedule(beyond: max(cuts, 0)).map { $0 + "." } ?? otherCuts
        }
        return first + alternative(beyond: cuts)
    }

    /// One move where that is nearly as good as the best cuts, else the best cuts.
    private var otherCuts: String? {
        let move = report.whatIfs.first { $0.kind == .moveLayers }
        guard let best = report.whatIfs.first(where: { $0.kind == .bestCuts }), let cuts = best.cuts else { return nil }
        if let move, move.gain >= 0.01, move.gain >= best.gain - 0.01 { return "\(move.title): \(prediction(move))." }
        guard best.gain >= 0.01 else {
            return "no other cuts between the layers help: split the slowest stage's largest layer."
        }
        return "cuts: \(cuts.text): \(prediction(best))"
            + (move.map { "; \($0.title) alone gives \(Format.signedPercent($0.gain))." } ?? ".")
    }

    private func prediction(_ change: WhatIf) -> String {
        "predicted \(Format.milliseconds(change.stepMs)) ms a step, \(Format.signedPercent(change.gain)) tokens/s"
    }

    // MARK: Single causes

    private func straggler(_ share: Double) -> BubbleReport.Headline {
        let slow = report.ranks.max { $0.excessMs < $1.excessMs } ?? report.ranks[0]
        let place = [slow.device, slow.host].filter { !$0.isEmpty }.joined(separator: " on ")
        let sentence =
            "stragglers, \(Format.percent(share)): \(name(slow.rank)) "
            + "runs \(Format.milliseconds(slow.excessMs)) ms per step beyond its own median"
            + (slow.slowSteps > 0 ? ", badly in \(slow.slowSteps) of \(report.steps) steps." : ".")
        return make(
            .straggler, slow.stages, sentence,
            fix: "see what else runs \(place.isEmpty ? "there" : "on " + place).")
    }

    private func transfer(_ share: Double) -> BubbleReport.Headline {
        guard let link = report.links.max(by: { $0.waitedMs < $1.waitedMs }) else {
            return make(.transfer, [], "transfers, \(Format.percent(share)).")
        }
        let hosts = [report.ranks[link.from].host, report.ranks[link.to].host]
        let places = hosts[0] != hosts[1] && !hosts.contains("") ? " (\(hosts[0]) to \(hosts[1]))" : ""
        let sentence =
            "transfers, \(Format.percent(share)): the link from \(name(link.from)) "
            + "to \(name(link.to))\(places) takes \(Format.milliseconds(link.latencyMs.p50)) ms per message "
            + "of \(Format.bytes(link.bytesPerStep / max(1, link.messagesPerStep)))."
        let stages = report.ranks[link.from].stages + report.ranks[link.to].stages
        return make(
            .transfer, stages, sentence,
            fix:
                "a faster link, a cut where less crosses, \(places.isEmpty ? "" : "`compress`, ")or smaller micro-batches."
                + alternative(beyond: 0))
    }

    private func dataWait(_ share: Double) -> BubbleReport.Headline {
        let reader = report.ranks.max { ($0[.dataWait]?.share ?? 0) < ($1[.dataWait]?.share ?? 0) } ?? report.ranks[0]
        return make(
            .dataWait, reader.stages,
            "data, \(Format.percent(share)): the reader of \(name(reader.rank)) does not keep up.",
            fix: "more prefetch, a faster disk, or data that is tokenized beforehand.")
    }

    private func backPressure(_ share: Double) -> BubbleReport.Headline {
        let rank = worst(.backPressure)
        return make(
            .backPressure, rank.stages,
            "back-pressure, \(Format.percent(share)): \(name(rank.rank)) waits for room to send.",
            fix: "a deeper send queue; its receiver takes messages later than they are made.")
    }

    private func gradientSync(_ share: Double) -> BubbleReport.Headline {
        make(
            .gradientSync, worst(.gradientSync).stages,
            "the wait for the gradient norm, \(Format.percent(share)).",
            fix: "larger steps: more micro-batches per optimizer update." + alternative(beyond: 0))
    }

    private func unattributed(_ share: Double) -> BubbleReport.Headline {
        make(
            .unattributed, worst(.unattributed).stages,
            "time between events, \(Format.percent(share)), most of it on \(name(worst(.unattributed).rank)).",
            fix: "larger micro-batches spread the cost of each instruction.")
    }
}
