import Foundation
import Reports
import Runs
import Scheduling
import Testing

@Suite struct AccountsTests {
    static let unit: Int64 = 30_000_000

    @Test(arguments: [(4, 8), (4, 2), (1, 3), (3, 1), (7, 16)], [false, true])
    func `a perfect run waits exactly as the closed form says`(shape: (p: Int, m: Int), gpipe: Bool) throws {
        var run = FabricatedRun(stages: shape.p, microBatches: shape.m, gpipe: gpipe, optimizer: 0)
        for barrier in [false, true] {
            run.barrier = barrier
            let accounts = try Accounts(run.description, logs: run.logs())
            for account in accounts.steps where account.step > 0 {
                #expect(account.sum == account.wall)
                let structural = account[.warmUp] + account[.coolDown]
                #expect(structural == Int64(shape.p - 1) * Self.unit, "\(account)")
                #expect(account.compute == Int64(shape.m) * Self.unit)
                #expect(account[.imbalance] + account[.straggler] + account[.transfer] + account[.unattributed] == 0)
            }
        }
    }

    @Test(arguments: [false, true])
    func `measured, predicted and ideal bubble agree for a perfect run`(gpipe: Bool) throws {
        let bubble = try FabricatedRun(gpipe: gpipe, optimizer: 0).report().bubble
        for ratio in [bubble.measured, bubble.predicted, bubble.ideal] {
            #expect(abs(ratio.fraction - 3.0 / 11) < 1e-9)
            #expect(abs(ratio.overhead - 3.0 / 8) < 1e-9)
        }
        #expect(bubble.idealIsClosedForm)
    }

    @Test func `stage 2 warms up for two forwards and one backward, and cools down for the rest`() throws {
        let run = FabricatedRun(steps: 1, barrier: true, optimizer: 0)
        let accounts = try Accounts(run.description, logs: run.logs())
        // Stage 2 waits two forwards, then one backward for its first gradient; it ends two backwards before stage 0.
        let stage2 = accounts.steps[2]
        #expect(stage2[.warmUp] == 2 * 10_000_000 + 20_000_000)
        #expect(stage2[.coolDown] == 10_000_000 + 2 * 20_000_000)
        #expect(stage2[.gradientSync] == 50_000)
    }

    @Test func `an evaluation before a step is no part of it, nor of the one before`() throws {
        let run = FabricatedRun(barrier: true)
        let plain = run.logs()
        let pause: UInt64 = 5_000_000_000
        let paused = plain.map { log in
            var log = log
            guard let first = log.events.firstIndex(where: { $0.step == 4 }) else { return log }
            for index in log.events.indices[first...] {
                log.events[index].start += pause
                log.events[index].end += pause
                if log.events[index].sent > 0 { log.events[index].sent += pause }
            }
            let start = log.events[first - 1].end
            log.events.insert(Event(.evaluation, step: 4, start: start, end: start + pause), at: first)
            return log
        }
        let (before, after) = (
            try Accounts(run.description, logs: plain).steps, try Accounts(run.description, logs: paused).steps
        )
        #expect(before.count == after.count)
        for (one, other) in zip(before, after) {
            #expect(other.sum == other.wall && other.wall == one.wall)
            for category in Category.allCases { #expect(other[category] == one[category], "\(category)") }
        }
    }

    /// The time that a delay added over all ranks, and how much of it stands in each column.
    func added(_ run: FabricatedRun, over base: FabricatedRun = FabricatedRun()) throws -> (Int64, [Category: Int64]) {
        let slow = try Accounts(run.description, logs: run.logs(), skip: 1).steps
        let fast = try Accounts(base.description, logs: base.logs(), skip: 1).steps
        var parts: [Category: Int64] = [:]
        for account in slow { #expect(account.sum == account.wall) }
        for category in Category.allCases {
            parts[category] = zip(slow, fast).reduce(0) { $0 + $1.0[category] - $1.1[category] }
        }
        return (zip(slow, fast).reduce(0) { $0 + $1.0.idle - $1.1.idle }, parts)
    }

    @Test(arguments: [false, true], [0, 1, 3])
    func `an uneven stage is imbalance`(barrier: Bool, slow: Int) throws {
        let base = FabricatedRun(barrier: barrier, optimizer: 0)
        var run = base
        run.forward = { _, stage, _ in stage == slow ? 14_000_000 : 10_000_000 }
        run.backward = { _, stage, _ in stage == slow ? 28_000_000 : 20_000_000 }
        let report = try run.report()
        // Were the same work spread evenly, every rank would idle (p−1) × the mean time.
        let even = 3 * 33.0
        let idle = report.causes.filter(\.cause.isIdle).reduce(0) { $0 + $1.ms.p50 }
        let imbalance = try #require(report[.imbalance]).ms.p50
        #expect(imbalance >= 0.9 * (idle - even))
        let avoidable = report.causes.filter { $0.cause.isIdle && !$0.cause.isStructural }.reduce(0) { $0 + $1.ms.p50 }
        #expect(imbalance >= 0.99 * (avoidable - (barrier ? 0.05 : 0)))
        #expect(report.headline.cause == .imbalance)
        #expect(report.headline.stages == [slow])
        #expect(abs(report.bubble.predicted.fraction - report.bubble.measured.fraction) < 0.002)
    }

    @Test(arguments: [false, true], [(0, 1), (1, 2), (2, 1)])
    func `a slow link is transfer, also on ranks that wait behind it`(barrier: Bool, link: (from: Int, to: Int)) throws
    {
        let base = FabricatedRun(barrier: barrier)
        var run = base
        run.latency = { $0 == link.from && $1 == link.to ? 5_000_000 : 0 }
        let (idle, parts) = try added(run, over: base)
        #expect(idle > 0)
        #expect(Double(parts[.transfer] ?? 0) >= 0.9 * Double(idle))
        let headline = try run.report().headline
        #expect(headline.cause == .transfer)
        #expect(headline.sentence.contains("from stage \(link.from) to stage \(link.to)"))
    }

    @Test(arguments: [false, true], [0, 2, 3])
    func `a slow step of one stage is a straggler for all others`(barrier: Bool, slow: Int) throws {
        let base = FabricatedRun(steps: 8, barrier: barrier)
        var run = base
        run.forward = { step, stage, _ in step == 5 && stage == slow ? 40_000_000 : 10_000_000 }
        let (_, parts) = try added(run, over: base)
        let others = Category.allCases.filter { $0.isIdle && $0 != .straggler }.reduce(0) {
            $0 + max(0, parts[$1] ?? 0)
        }
        let straggler = parts[.straggler] ?? 0
        #expect(straggler > 100_000_000)
        #expect(Double(straggler) >= 0.9 * Double(straggler + others))
        let headline = try run.report().headline
        #expect(headline.cause == .straggler)
        #expect(headline.stages == [slow])
    }

    @Test(arguments: [false, true])
    func `a slow reader is data wait on every stage`(barrier: Bool) throws {
        let base = FabricatedRun(barrier: barrier)
        var run = base
        run.dataWait = { _, _ in 15_000_000 }
        let (idle, parts) = try added(run, over: base)
        #expect(Double(parts[.dataWait] ?? 0) >= 0.9 * Double(idle))
        #expect(try run.report().headline.cause == .dataWait)
    }

    @Test func `waiting for room is back-pressure, also for the receiver`() throws {
        var run = FabricatedRun()
        run.sendWait = { _, stage, _ in stage == 1 ? 8_000_000 : 0 }
        let (idle, parts) = try added(run)
        #expect(Double(parts[.backPressure] ?? 0) >= 0.9 * Double(idle))
        let headline = try run.report().headline
        #expect(headline.cause == .backPressure)
        #expect(headline.stages == [1])
    }

    @Test func `clocks that disagree change nothing`() throws {
        var run = FabricatedRun()
        run.latency = { $0 == 1 && $1 == 2 ? 5_000_000 : 0 }
        let same = try run.report()
        run.clockOffset = { [0, 700_000_000, -900_000_000, 12_345][$0] }
        let shifted = try run.report()
        #expect(shifted == same)
    }

    @Test func `messages that came in time need no event`() throws {
        var run = FabricatedRun()
        run.forward = { _, stage, _ in stage == 1 ? 14_000_000 : 10_000_000 }
        let all = try Accounts(run.description, logs: run.logs()).steps
        run.logsEveryReceive = false
        #expect(try Accounts(run.description, logs: run.logs()).steps == all)
    }

    @Test func `parts below the clocks' error bound are left out`() throws {
        var run = FabricatedRun(stages: 2, microBatches: 1, steps: 1)
        run.latency = { _, _ in 100_000 }
        var logs = run.logs()
        #expect(try BubbleReport(run.description, logs: logs).links.map(\.waitedMs) == [0.1, 0.1])
        for rank in logs.indices { logs[rank].clockError = 80_000 }
        let report = try BubbleReport(run.description, logs: logs)
        #expect(report.links.map(\.waitedMs) == [0, 0])
        #expect(report.notes.contains { $0.contains("0.080 ms") })
    }

    @Test func `time between events is unattributed`() throws {
        var run = FabricatedRun()
        run.overhead = 1_000_000
        let accounts = try Accounts(run.description, logs: run.logs()).steps
        for account in accounts where account.step > 0 {
            #expect(account.sum == account.wall)
            #expect(account[.unattributed] == 16_000_000)
        }
    }

    @Test func `steps fill each rank's time without holes`() throws {
        let accounts = try Accounts(FabricatedRun().description, logs: FabricatedRun().logs()).steps
        for rank in 0..<4 {
            let own = accounts.filter { $0.rank == rank }
            #expect(own.map(\.step) == Array(0..<6))
            for (before, after) in zip(own, own.dropFirst()) { #expect(before.end == after.start) }
        }
    }

    @Test func `targets that the last stage waits for come from the reader`() throws {
        let run = FabricatedRun(barrier: true, optimizer: 0)
        var logs = run.logs()
        let plain = try Accounts(run.description, logs: logs).steps
        // Before each activation, the last stage takes the targets that rank 0 sent after its own forward.
        for (index, event) in logs[3].events.enumerated().reversed() {
            guard event.kind == .receiveWait, let instruction = event.instruction else { continue }
            let made = try #require(
                logs[0].events.last {
                    $0.kind == .forward && $0.step == event.step && $0.instruction?.microBatch == instruction.microBatch
                })
            var targets = event
            targets.peer = 0
            targets.sent = made.end
            targets.end = max(event.start, made.end)
            logs[3].events[index].start = targets.end
            logs[3].events.insert(targets, at: index)
        }
        #expect(try Accounts(run.description, logs: logs).steps == plain)
    }
}
