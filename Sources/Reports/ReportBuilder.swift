import Partitioning
public import Runs
import Scheduling

/// Reduces accounts to a report.
struct ReportBuilder {
    private let description: RunDescription
    private let logs: [RankLog]
    private let timeline: ActivityTimeline
    private let accounts: Accounts
    /// Of all positions of the steps that count.
    private let paddingShare: Double
    private let skipped: Int
    private let rankCount: Int
    /// The places of the steps that count, rising: not the first ones, and of a sample none behind a hole, since where
    /// the step before it left the ranks is not known.
    private let countedSteps: [Int]
    private var stepCount: Int { countedSteps.count }
    /// The accounts of those steps, rank by rank.
    private var counted: [Int] { countedSteps.flatMap { $0 * rankCount..<($0 + 1) * rankCount } }

    init?(_ description: RunDescription, logs: [RankLog], skip: Int, _ padding: StepPadding) throws {
        var builder = try TimelineBuilder(description, logs: logs)
        timeline = try builder.build(skip: skip)
        accounts = try Accounts(timeline, padding)
        guard !timeline.steps.isEmpty else { return nil }
        self.logs = logs.sorted { $0.rank < $1.rank }
        rankCount = logs.count
        skipped = max(0, min(skip, timeline.steps.count - 1))
        let late = Array(timeline.steps.indices.dropFirst(skipped))
        let behindStep = late.filter { [holes = timeline.isBehindHole] in !holes[$0] }
        countedSteps = behindStep.isEmpty ? late : behindStep
        let steps = countedSteps.map { [steps = timeline.steps] in steps[$0] }
        self.description = padding.applied(to: description, steps: steps)
        paddingShare = padding.share(steps)
    }

    /// - Parameter finished: how many steps the run has, where these are a sample.
    func report(notes: [String], finished: Int?) -> BubbleReport {
        let seconds = wall / 1e9 / Double(rankCount)
        let ranks = (0..<rankCount).map(rankReport)
        let place = medianPlace()
        var report = BubbleReport(
            name: description.name, schedule: description.schedule, stages: description.stages.count,
            microBatches: description.microBatches, startedAt: description.startedAt,
            firstStep: timeline.steps[countedSteps[0]], lastStep: timeline.steps[countedSteps[stepCount - 1]],
            steps: stepCount, finishedSteps: finished, skipped: skipped,
            headline: BubbleReport.Headline(cause: nil, stages: [], sentence: "", fix: nil),
            bubble: bubble(), stepMs: BubbleReport.Spread(stepLengths().map { $0 / 1e6 }),
            tokensPerS: ratio(Double(description.tokensPerStep) * Double(stepCount), seconds),
            tokensPerStep: description.tokensPerStep, flopsPerS: 0,
            peakFlops: description.peakFlops, ranks: ranks, causes: causes(counted, perStep: rankCount),
            links: links(seconds: seconds), medianStep: MedianStep(step: timeline.steps[place], logs: logs),
            criticalPath: CriticalPath(timeline, place: place), eventBytesPerStep: eventBytes(),
            notes: notes + clockNotes() + unattributedNotes())
        (report.replicas, report.shards) = (description.replicas, description.shards)
        report.gradientSums = GradientSums(logs, steps: Set(countedSteps.map { timeline.steps[$0] }))?.report
        report.flopsPerS = report.tokensPerS * description.flopsPerToken
        addReplays(to: &report, step: timeline.steps[place])
        report.headline = HeadlineBuilder(report, isPacked: description.isPacked ?? false).headline()
        return report
    }

    private var wall: Double { counted.reduce(0) { $0 + Double(accounts.steps[$1].wall) } }

    private func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }

    // MARK: Bubble

    private func bubble() -> BubbleReport.Bubble {
        let steps = counted.map { accounts.steps[$0] }
        let idle = steps.reduce(0) { $0 + Double($1.idle) }
        let compute = steps.reduce(0) { $0 + Double($1.compute) }
        let p = Double(description.stages.count)
        let m = Double(description.microBatches)
        let known =
            ["1f1b", "gpipe"].contains(description.schedule)
            && rankCount == description.stages.count * description.width
        let closed = BubbleReport.Ratio(fraction: (p - 1) / (m + p - 1), overhead: (p - 1) / m)
        return BubbleReport.Bubble(
            measured: BubbleReport.Ratio(fraction: ratio(idle, wall), overhead: ratio(idle, compute)),
            predicted: ratios(accounts.predicted), ideal: known ? closed : ratios(accounts.balanced),
            idealIsClosedForm: known)
    }

    private func ratios(_ forecasts: [Accounts.Forecast]) -> BubbleReport.Ratio {
        let own = counted.map { forecasts[$0] }
        let idle = own.reduce(0) { $0 + Double($1.idle) }
        return BubbleReport.Ratio(
            fraction: ratio(idle, own.reduce(0) { $0 + Double($1.wall) }),
            overhead: ratio(idle, own.reduce(0) { $0 + Double($1.compute) }))
    }

    /// Each counted step's length: the ranks' mean, nanoseconds.
    private func stepLengths() -> [Double] {
        countedSteps.map { step in
            accounts.steps[step * rankCount..<(step + 1) * rankCount].reduce(0) { $0 + Double($1.wall) }
                / Double(rankCount)
        }
    }

    // MARK: Stage × cause

    private func rankReport(_ rank: Int) -> BubbleReport.RankReport {
        let places = counted.filter { accounts.steps[$0].rank == rank }
        let walls = places.map { Double(accounts.steps[$0].wall) / 1e6 }
        let excess = places.map { Double(accounts.excess[$0]) / 1e6 }
        let stages = description.stages(of: rank)
        let spread = BubbleReport.Spread(walls)
        let slow = zip(places, excess).filter { $1 > spread.p50 / 10 }.sorted { $1.1 < $0.1 }
        return BubbleReport.RankReport(
            rank: rank, stages: stages, device: logs[rank].device, host: logs[rank].host, wallMs: spread,
            causes: causes(places, perStep: 1), work: stages.map { work(of: $0, rank: rank) },
            excessMs: excess.reduce(0, +) / Double(stepCount), slowSteps: slow.count,
            worstSteps: slow.prefix(5).map { BubbleReport.SlowStep(step: accounts.steps[$0].step, excessMs: $1) })
    }

    /// - Parameter perStep: how many consecutive places are summed into one step's mean.
    private func causes(_ places: [Int], perStep: Int) -> [BubbleReport.CauseReport] {
        let wall = places.reduce(0) { $0 + Double(accounts.steps[$1].wall) }
        return Category.allCases.map { cause in
            let times = places.map { Double(accounts.steps[$0][cause]) }
            let steps = stride(from: 0, to: times.count, by: perStep).map { first in
                times[first..<first + perStep].reduce(0, +) / Double(perStep) / 1e6
            }
            return BubbleReport.CauseReport(
                cause: cause, ms: BubbleReport.Spread(steps), share: ratio(times.reduce(0, +), wall))
        }
    }

    private func work(of stage: Int, rank: Int) -> BubbleReport.StageWork {
        var forward = 0.0
        var backward = 0.0
        for (workClass, median) in zip(timeline.classes, timeline.medians)
        where workClass.stage == stage && workClass.rank == rank {
            switch workClass.category {
            case .forward: forward += Double(median) / 1e6
            case .backward, .backwardInput, .backwardWeight, .recompute: backward += Double(median) / 1e6
            default: break
            }
        }
        let (first, count) = (description.stages[stage].firstLayer, description.stages[stage].layers.count)
        return BubbleReport.StageWork(
            stage: stage, layers: description.layerNames.layerCount(first..<first + count), forwardMs: forward,
            backwardMs: backward)
    }

    // MARK: Links

    private func links(seconds: Double) -> [BubbleReport.LinkReport] {
        let timing = timeline.measuredTiming
        let isCounted = isCounted
        var totals: [Link: LinkTotal] = [:]
        for (index, activity) in timeline.activities.enumerated() where activity.kind == .receive {
            guard activity.peer >= 0, isCounted[activity.step] else { continue }
            totals[Link(from: activity.peer, to: activity.rank), default: LinkTotal()]
                .add(activity, late: timing.late[index])
        }
        return totals.sorted { ($0.key.from, $0.key.to) < ($1.key.from, $1.key.to) }.map { link, total in
            BubbleReport.LinkReport(
                from: link.from, to: link.to, messagesPerStep: Double(total.messages) / Double(stepCount),
                bytesPerStep: total.bytes / Double(stepCount), mbPerS: ratio(total.bytes / 1e6, seconds),
                latencyMs: BubbleReport.Spread(total.latencies), waitedMs: total.waited / Double(stepCount))
        }
    }

    private struct LinkTotal {
        var messages = 0
        var bytes = 0.0
        var waited = 0.0
        var latencies: [Double] = []

        mutating func add(_ receive: Activity, late: Int64) {
            messages += 1
            bytes += Double(receive.bytes)
            waited += Double(receive.duration - late) / 1e6
            if receive.hasWaited { latencies.append(Double(receive.latency) / 1e6) }
        }
    }

    /// By place of the step.
    private var isCounted: [Bool] {
        var isCounted = [Bool](repeating: false, count: timeline.steps.count)
        for step in countedSteps { isCounted[step] = true }
        return isCounted
    }

    // MARK: Drawing and notes

    private func medianPlace() -> Int {
        let lengths = stepLengths().enumerated().sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }
        return countedSteps[lengths[(lengths.count - 1) / 2].offset]
    }

    private func addReplays(to report: inout BubbleReport, step: Int) {
        let measured = MeasuredScenario(description, timeline, skip: skipped)
        guard let scenario = measured.scenario(logs: logs, step: step),
            let builder = WhatIfBuilder(description, scenario, padding: paddingShare)
        else { return }
        report.whatIfs = builder.whatIfs()
        report.idealStep = builder.idealStep()
    }

    private func eventBytes() -> Double {
        let steps = Set(countedSteps.map { timeline.steps[$0] })
        let events = logs.reduce(0) { $0 + $1.events.count { steps.contains($0.step) } }
        return Double(events * EventLog.recordSize) / Double(stepCount)
    }

    private func unattributedNotes() -> [String] {
        let between = counted.reduce(0) { $0 + Double(accounts.steps[$1][.unattributed]) }
        guard between > wall / 100 else { return [] }
        return ["\(Format.percent(between / wall)) of the time lies between events and has no cause"]
    }

    private func clockNotes() -> [String] {
        guard let bound = timeline.clockErrors.max(), bound > 0 else { return [] }
        let ms = Format.fixed(Double(bound) / 1e6, 3)
        return ["clocks agree within \(ms) ms; shorter parts of a wait are not told apart"]
    }
}

extension BubbleReport {
    /// Makes the report of a run from its events.
    ///
    /// - Parameters:
    ///   - description: the run's.
    ///   - logs: one for each rank.
    ///   - skip: how many of the first finished steps to leave out of the figures; at least one step is kept.
    ///   - notes: what else a reader should know, a line each.
    ///   - finishedSteps: how many steps the run has, where the logs hold a sample of them.
    ///   - padding: of each step, where samples differ in length.
    /// - Throws: `RunError`; `noEvents` where no step was finished by every rank.
    public init(
        _ description: RunDescription, logs: [RankLog], skip: Int = 2, notes: [String] = [], finishedSteps: Int? = nil,
        padding: StepPadding = StepPadding()
    ) throws {
        guard let builder = try ReportBuilder(description, logs: logs, skip: max(0, skip), padding) else {
            throw RunError.noEvents(path: description.name)
        }
        self = builder.report(notes: notes, finished: finishedSteps)
    }
}

extension RunDirectory {
    /// Reads the run and makes its report.
    public func report(skip: Int = 2, eventLimit: Int = RunDirectory.reportEvents) throws -> BubbleReport {
        let description = try description()
        let found = try logs(eventLimit: eventLimit)
        var tail = PaddingTail(self, .steps(Set((found.logs.first?.events ?? []).lazy.map(\.step))))
        tail.read()
        do {
            return try BubbleReport(
                description, logs: found.logs, skip: skip, notes: found.notes + AttemptsNote.notes(self),
                finishedSteps: found.finishedSteps, padding: tail.padding)
        } catch RunError.noEvents {
            throw RunError.noEvents(path: path)
        }
    }
}
