import Foundation
import Partitioning
import Reports
import Runs
import Scheduling
import Testing

@Suite struct WhatIfTests {
    private func whatIf(_ kind: WhatIf.Kind, in run: FabricatedRun) throws -> WhatIf {
        try #require(run.report().whatIfs.first { $0.kind == kind })
    }

    /// The changed run, fabricated, takes what the replay of the unchanged one said.
    private func expect(_ predicted: WhatIf, _ changed: FabricatedRun) throws {
        let measured = try changed.report()
        #expect(abs(predicted.stepMs - measured.stepMs.p50) < 1e-6 * measured.stepMs.p50, "\(predicted)")
        #expect(abs(predicted.bubble - measured.bubble.measured.fraction) < 1e-6)
    }

    private func run(barrier: Bool) -> FabricatedRun {
        var run = FabricatedRun(stages: 4, microBatches: 6, barrier: barrier)
        run.forward = { _, stage, _ in [8_000_000, 14_000_000, 10_000_000, 8_000_000][stage] }
        run.latency = { from, to in from < to ? 2_000_000 : 1_000_000 }
        return run
    }

    @Test(arguments: [false, true]) func `the run as it ran takes what was measured`(barrier: Bool) throws {
        let run = run(barrier: barrier)
        try expect(try whatIf(.asRun, in: run), run)
    }

    @Test(arguments: [false, true]) func `balanced stages are predicted to take what such a run takes`(barrier: Bool)
        throws
    {
        let run = run(barrier: barrier)
        var even = run
        even.forward = { _, _, _ in 10_000_000 }
        try expect(try whatIf(.balanced, in: run), even)
    }

    @Test(arguments: [false, true]) func `free messages are predicted to take what such a run takes`(barrier: Bool)
        throws
    {
        let run = run(barrier: barrier)
        var free = run
        free.latency = { _, _ in 0 }
        try expect(try whatIf(.freeMessages, in: run), free)
    }

    /// Of 1F1B only what the wait itself takes: its first rank ends last.
    @Test func `a step without a barrier is predicted to take what such a run takes`() throws {
        var run = FabricatedRun(stages: 4, microBatches: 6, barrier: true)
        run.forward = { _, _, _ in 100_000 }
        run.backward = { _, _, _ in 200_000 }
        run.optimizer = 10_000
        var free = run
        free.barrier = false
        let predicted = try whatIf(.noBarrier, in: run)
        try expect(predicted, free)
        #expect(predicted.gain > 0.01 && predicted.remark?.hasPrefix("speculate: true") == true)
        // A run that does not wait is replayed so.
        var description = run.description
        description.speculates = true
        let told = try BubbleReport(description, logs: run.logs(), skip: 2).whatIfs
        #expect(told.first?.stepMs == predicted.stepMs && !told.contains { $0.kind == .noBarrier })
        // Where it takes long beside the wait, there is nothing to gain.
        #expect(try !self.run(barrier: true).report().whatIfs.contains { $0.kind == .noBarrier })
    }

    @Test(arguments: [false, true]) func `twice the micro-batches are predicted to take what such a run takes`(
        barrier: Bool
    ) throws {
        let run = run(barrier: barrier)
        var twice = run
        twice.microBatches = 12
        let predicted = try whatIf(.moreMicroBatches, in: run)
        try expect(predicted, twice)
        let base = try whatIf(.asRun, in: run)
        #expect(abs(predicted.gain - (2 * base.stepMs / predicted.stepMs - 1)) < 1e-9)
        #expect(predicted.gain > 0)
    }

    @Test(arguments: [false, true]) func `another schedule is predicted to take what such a run takes`(gpipe: Bool)
        throws
    {
        var run = run(barrier: true)
        run.gpipe = gpipe
        var other = run
        other.gpipe = !gpipe
        let report = try run.report()
        let found = try #require(report.whatIfs.first { $0.title == "schedule " + (gpipe ? "1f1b" : "gpipe") })
        try expect(found, other)
        #expect(
            found.remark
                == (gpipe ? "4 micro-batches in flight instead of 6" : "6 micro-batches in flight instead of 4"))
    }

    @Test func `every other schedule by name is tried, with cuts of its own where ranks own several stages`() throws {
        let report = try run(barrier: true).report()
        for name in Schedule.names where name != "1f1b" {
            let schedule = try Schedule.named(name, ranks: 4, microBatches: 6)
            let found = try #require(report.whatIfs.first { $0.schedule == name })
            #expect(found.title == "schedule \(name)")
            #expect(found.cuts?.count == (schedule.stageCount == 4 ? nil : schedule.stageCount - 1))
        }
        #expect(!report.whatIfs.contains { $0.schedule == "1f1b" })
    }

    /// By another simulator than the replay: layers of 10/3 ms forward and 20/3 ms back, whose halves are equal.
    @Test(arguments: ["zb-v", "v-half", "interleaved"])
    func `a schedule with several stages a rank is predicted to take what a simulation of it takes`(_ name: String)
        throws
    {
        let report = try FabricatedRun(stages: 4, microBatches: 8).report()
        let found = try #require(report.whatIfs.first { $0.schedule == name })
        let cuts = try #require(found.cuts)
        let schedule = try Schedule.named(name, ranks: 4, microBatches: 8)
        let layers = [LayerCost](
            repeating: LayerCost(forward: 0.01 / 3, inputGradient: 0.01 / 3, weightGradient: 0.01 / 3), count: 12)
        let planned = try StepPlanner(layers: layers).predict(schedule, cuts: cuts.map(\.layer))
        let seconds = planned.times.period(StepEnd(optimizer: [0.001, 0.001, 0.001, 0.001]))
        #expect(abs(found.stepMs - seconds * 1e3) < 0.01, "\(found)")
        // No cuts take less than 1 % less.
        let best = try StepPlanner(layers: layers).plan(schedule)
        #expect(planned.stepSeconds <= best.stepSeconds * 1.01)
        #expect(found.remark?.hasPrefix("schedule: \(name), partition: {cuts: \(cuts.text)} by the layers'") == true)
        let activations = try #require(found.activations)
        #expect(activations > 0.3 && activations < 1.6)
    }

    @Test func `messages take as long in another placement, over links that carried none too`() throws {
        var run = FabricatedRun(stages: 4, microBatches: 8)
        run.latency = { _, _ in 5_000_000 }
        let (free, slow) = (try FabricatedRun(stages: 4, microBatches: 8).report(), try run.report())
        for name in ["zb-v", "interleaved"] {
            let times = try [free, slow].map { report in
                try #require(report.whatIfs.first { $0.schedule == name }).stepMs
            }
            // At the least, the first micro-batch's way through eight stages and back.
            #expect(times[1] > times[0] + 5, "\(name): \(times)")
        }
    }

    @Test func `where a stage has one layer there is nothing to share out otherwise`() throws {
        let run = FabricatedRun(stages: 4)
        var description = run.description
        for stage in 0..<4 {
            description.stages[stage] = StageDescription(rank: stage, firstLayer: stage, layers: ["transformer"])
        }
        let report = try BubbleReport(description, logs: run.logs())
        #expect(report.whatIfs.filter { $0.kind == .otherSchedule }.allSatisfy { $0.cuts == nil })
    }

    @Test func `gains are sorted and the run itself comes first`() throws {
        let changes = try run(barrier: true).report().whatIfs
        #expect(changes.first?.kind == .asRun)
        #expect(changes.dropFirst().map(\.gain) == changes.dropFirst().map(\.gain).sorted(by: >))
    }

    @Test func `the ideal step is the schedule with equal stages`() throws {
        let ideal = try #require(run(barrier: true).report().idealStep)
        // (6 + 4 − 1) × 30 ms and the optimizer.
        #expect(abs(ideal.lengthMs - 271) < 1e-9)
        #expect(ideal.lanes.map { $0.work.filter { $0.step == ideal.step }.count } == [13, 13, 13, 13])
    }

    @Test func `the critical path is as long as the step and names the slow stage`() throws {
        let report = try run(barrier: false).report()
        let path = try #require(report.criticalPath)
        #expect(abs(path.lengthMs - (report.medianStep?.lengthMs ?? 0)) < 1e-9)
        for (before, after) in zip(path.segments, path.segments.dropFirst()) {
            #expect(abs(before.endMs - after.startMs) < 1e-9)
        }
        #expect(path.segments.first?.startMs == 0)
        #expect(abs(path.parts.reduce(0) { $0 + $1.share } - 1) < 1e-9)
        #expect(path.parts.first?.rank == 1)
    }

    @Test func `a run of one stage has nothing to change but its micro-batches`() throws {
        let kinds = try FabricatedRun(stages: 1).report().whatIfs.map(\.kind)
        #expect(kinds == [.asRun, .moreMicroBatches])
    }

    @Test func `a report written before there were what-ifs still reads`() throws {
        let report = try FabricatedRun().report()
        var object = try #require(JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
        for key in ["what_ifs", "ideal_step", "critical_path", "event_bytes_per_step", "tokens_per_step"] {
            #expect(object.removeValue(forKey: key) != nil, "\(key)")
        }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        let old = try BubbleReport(json: text)
        #expect(old.whatIfs.isEmpty)
        #expect(old.causes == report.causes)
        #expect(try old.html().contains("Where the time goes"))
    }

    @Test func `recording costs 56 bytes an event`() throws {
        let run = FabricatedRun(stages: 4, microBatches: 8, steps: 6)
        // Per rank and step: 16 instructions and the optimizer; per link 8 waits, of which there are 6 × 8.
        #expect(try run.report().eventBytesPerStep == Double((4 * 17 + 6 * 8) * 56))
    }
}
