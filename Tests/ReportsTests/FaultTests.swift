import Foundation
import Partitioning
import Reports
import Runs
import Scheduling
import Testing

/// One thing goes wrong in a run that was perfect before: the report says what, where, and what to do.
@Suite struct FaultTests {
    /// Of the time that a fault added to what the ranks waited, the share that stands in its own column.
    private func share(of cause: Category, in run: FabricatedRun, over base: FabricatedRun) throws -> Double {
        func sums(_ run: FabricatedRun) throws -> [Category: Double] {
            let steps = try Accounts(run.description, logs: run.logs(), skip: 1).steps
            for account in steps { #expect(account.sum == account.wall) }
            return Dictionary(
                uniqueKeysWithValues: Category.allCases.map { cause in
                    (cause, steps.reduce(0) { $0 + Double($1[cause]) })
                })
        }
        let (slow, fast) = (try sums(run), try sums(base))
        let added = Category.allCases.filter(\.isIdle).map { max(0, (slow[$0] ?? 0) - (fast[$0] ?? 0)) }
        let own = (slow[cause] ?? 0) - (fast[cause] ?? 0)
        return own / added.reduce(0, +)
    }

    private func check(_ run: FabricatedRun, _ cause: Category, stages: [Int], over base: FabricatedRun) throws {
        #expect(try share(of: cause, in: run, over: base) >= 0.9)
        let report = try run.report()
        #expect(report.headline.cause == cause)
        #expect(report.headline.stages == stages)
        #expect(try #require(report[.unattributed]).share < 0.01)
        #expect(try report.html().contains("Top cause: "))
        #expect(report.text().contains("top cause: "))
    }

    @Test(arguments: [false, true])
    func `a stage that is sometimes slow is a straggler`(barrier: Bool) throws {
        let base = FabricatedRun(steps: 8, barrier: barrier)
        var run = base
        run.forward = { step, stage, microBatch in
            stage == 2 && microBatch == (step * 3) % 8 ? 60_000_000 : 10_000_000
        }
        try check(run, .straggler, stages: [2], over: base)
        let rank = try run.report().ranks[2]
        #expect(abs(rank.excessMs - 50) < 1e-9)
        #expect(rank.slowSteps == 6)
        #expect(rank.worstSteps?.count == 5)
        #expect(rank.worstSteps?.allSatisfy { $0.excessMs == 50 } == true)
    }

    @Test(arguments: [false, true])
    func `a slow link is transfer`(barrier: Bool) throws {
        let base = FabricatedRun(barrier: barrier)
        var run = base
        run.latency = { $0 == 1 && $1 == 2 ? 6_000_000 : 0 }
        try check(run, .transfer, stages: [1, 2], over: base)
    }

    @Test(arguments: [false, true])
    func `a slow reader is data wait`(barrier: Bool) throws {
        let base = FabricatedRun(barrier: barrier)
        var run = base
        run.dataWait = { _, microBatch in microBatch % 2 == 0 ? 25_000_000 : 0 }
        try check(run, .dataWait, stages: [0], over: base)
    }

    @Test(arguments: [false, true])
    func `an uneven cut is imbalance`(barrier: Bool) throws {
        // The same twelve layers, so that the even cut is what the uneven one is measured by.
        let base = Self.cut([3, 3, 3, 3], barrier: barrier)
        let run = Self.cut([2, 6, 2, 2], barrier: barrier)
        #expect(try share(of: .imbalance, in: run.run, over: base.run) >= 0.9)
        let report = try run.report()
        #expect(report.headline.cause == .imbalance)
        #expect(report.headline.stages == [1])
        #expect(try #require(report[.unattributed]).share < 0.01)
    }

    // MARK: The suggested cut

    struct Cut {
        var run: FabricatedRun
        var layers: [Int]

        var description: RunDescription {
            var description = run.description
            for (stage, count) in layers.enumerated() {
                description.stages[stage] = StageDescription(
                    rank: stage, firstLayer: layers[..<stage].reduce(0, +),
                    layers: Array(repeating: "transformer", count: count))
            }
            return description
        }

        func report() throws -> BubbleReport { try BubbleReport(description, logs: run.logs()) }
    }

    /// A model whose layers take 3 ms forward and 6 ms back.
    static func cut(_ layers: [Int], barrier: Bool, gpipe: Bool = false) -> Cut {
        var run = FabricatedRun(stages: layers.count, gpipe: gpipe, barrier: barrier)
        run.forward = { _, stage, _ in UInt64(layers[stage]) * 3_000_000 }
        run.backward = { _, stage, _ in UInt64(layers[stage]) * 6_000_000 }
        run.latency = { _, _ in 700_000 }
        run.dataWait = { _, _ in 200_000 }
        return Cut(run: run, layers: layers)
    }

    @Test(arguments: [false, true], [false, true])
    func `the suggested cut takes as long as was predicted`(barrier: Bool, gpipe: Bool) throws {
        let uneven = try Self.cut([2, 7, 4, 3], barrier: barrier, gpipe: gpipe).report()
        let best = try #require(uneven.whatIfs.first { $0.kind == .bestCuts })
        #expect(best.cuts == [4, 8, 12])
        let even = try Self.cut([4, 4, 4, 4], barrier: barrier, gpipe: gpipe).report()
        #expect(abs(best.stepMs - even.stepMs.p50) < 1e-6 * even.stepMs.p50)
        #expect(abs(best.bubble - even.bubble.measured.fraction) < 1e-6)
        #expect(uneven.headline.fix?.contains("cuts: [4, 8, 12]") == true)
        let asRun = try #require(uneven.whatIfs.first)
        #expect(asRun.kind == .asRun)
        #expect(abs(asRun.stepMs - uneven.stepMs.p50) < 1e-6 * uneven.stepMs.p50)
    }

    @Test func `the suggested move takes as long as was predicted`() throws {
        let uneven = try Self.cut([3, 5, 4, 4], barrier: true).report()
        let move = try #require(uneven.whatIfs.first { $0.kind == .moveLayers })
        #expect(move.title == "move layer 3 (transformer) from stage 1 to stage 0")
        #expect(move.cuts == [4, 8, 12])
        let even = try Self.cut([4, 4, 4, 4], barrier: true).report()
        #expect(abs(move.stepMs - even.stepMs.p50) < 1e-6 * even.stepMs.p50)
        #expect(uneven.headline.fix?.hasPrefix(move.title + ": predicted ") == true)
    }
}
