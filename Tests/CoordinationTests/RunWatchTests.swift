import Coordination
import Manifests
import Runs
import Systems
import TestPlans
import Testing
import Transport

private let second: UInt64 = 1_000_000_000

/// One failure shows at several places: what the user reads is its cause, told once.
@Suite struct RunWatchTests {
    private func watch(running: Bool = true) throws -> RunWatch {
        var watch = RunWatch(try Plans.make(devices: "[cpu:0, cpu:1, cpu:2-3]"))
        if running { watch.begin() }
        return watch
    }

    private func at(_ step: Int, _ instruction: String, _ phase: WorkerPhase, _ progress: UInt64 = 1) -> WorkerStatus {
        WorkerStatus(step: step, microBatch: 3, instruction: instruction, phase: phase, progress: progress)
    }

    private let peerGone = RunFailure(
        .interrupted, "rank 1 is gone: its connection ended without a goodbye", isConsequence: true)

    @Test func `nothing is wrong until something is seen`() throws {
        var watch = try watch()
        let before = watch.verdict(now: 100 * second)
        #expect(before == nil)
    }

    @Test func `of a killed worker and the peers that lose it, the kill is told at once`() throws {
        var watch = try watch()
        watch.heard(
            0, at(6, "0B3", .receiving(from: 1, MessageName(.gradient, step: 6, microBatch: 3, edge: 0))), now: second)
        watch.heard(1, at(6, "1F3", .computing), now: second)
        watch.heard(2, at(6, "2F3", .sending(to: 1)), now: second)
        watch.failed(0, peerGone, now: 2 * second)
        let before = watch.verdict(now: 2 * second)
        #expect(before == nil)
        watch.ended(1, .killed(signal: 9), now: 2 * second + 1)
        let found = watch.verdict(now: 2 * second + 1)
        let verdict = try #require(found)
        #expect(verdict.rank == 1 && verdict.failure.code == .interrupted)
        #expect(
            verdict.failure.message == """
                worker 1 (cpu:1) was killed by signal 9 (killed) at step 7, instruction 1F3 (computing). \
                All workers are ended; start the run again.
                """)
    }

    @Test func `a peer's loss alone waits for a better reason, and then is told`() throws {
        var watch = try watch()
        watch.failed(2, peerGone, now: second)
        let before = watch.verdict(now: second + FailureEvidence.grace - 1)
        #expect(before == nil)
        let found = watch.verdict(now: second + FailureEvidence.grace)
        let verdict = try #require(found)
        #expect(verdict.rank == 2 && verdict.failure.code == .interrupted)
        #expect(
            verdict.failure.message
                == "worker 2 (cpu:2-3): rank 1 is gone: its connection ended without a goodbye")
    }

    @Test func `a user's mistake that a worker found passes through word for word, as no rank's fault`() throws {
        var watch = try watch()
        watch.failed(1, peerGone, now: second)
        watch.ended(0, .exited(64), now: second)
        watch.failed(0, RunFailure(.badInput, "a.bin: token 300 at 7 is outside the vocabulary of 256"), now: second)
        let found = watch.verdict(now: second)
        let verdict = try #require(found)
        #expect(verdict.rank == nil && verdict.failure.code == .badInput)
        #expect(verdict.failure.message == "a.bin: token 300 at 7 is outside the vocabulary of 256")
    }

    @Test func `a worker's own reason wins over the kill of another, whichever comes first`() throws {
        var watch = try watch()
        watch.ended(2, .killed(signal: 11), now: second)
        watch.failed(1, RunFailure(.bug, "no such slot"), now: second)
        let found = watch.verdict(now: second)
        let verdict = try #require(found)
        #expect(verdict.rank == 1 && verdict.failure.code == .bug)
        #expect(verdict.failure.message == "worker 1 (cpu:1): no such slot")
    }

    @Test func `an exit code is told, and its 70 stays a bug`() throws {
        var watch = try watch(running: false)
        watch.ended(0, .exited(70), now: second)
        let before = watch.verdict(now: second)
        #expect(before == nil)
        let found = watch.verdict(now: 2 * second)
        let verdict = try #require(found)
        #expect(verdict.failure.code == .bug)
        #expect(
            verdict.failure.message
                == "worker 0 (cpu:0) exited with code 70 before the first step. "
                + "All workers are ended; start the run again.")
        var other = try self.watch(running: false)
        other.ended(0, .exited(3), now: second)
        let another = other.verdict(now: 2 * second)
        #expect(another?.failure.code == .interrupted)
    }

    @Test func `a connection that ends tells nothing of a child, but all there is of a worker started by hand`() throws
    {
        var watch = try watch()
        watch.gone(1, isDistant: false, now: second)
        let before = watch.verdict(now: 9 * second)
        #expect(before == nil)
        watch.gone(1, isDistant: true, now: 9 * second)
        let found = watch.verdict(now: 10 * second)
        let verdict = try #require(found)
        #expect(
            verdict.failure.message
                == "worker 1 (cpu:1) closed its connection in the first step. "
                + "All workers are ended; start the run again.")
    }

    @Test func `silence is a failure once the run has begun`() throws {
        func hear(_ watch: inout RunWatch) {
            watch.heard(2, at(0, "2F0", .computing), now: second)
            for rank in 0..<2 { watch.heard(rank, now: 7 * second) }
        }
        var early = try watch(running: false)
        hear(&early)
        let before = early.verdict(now: 8 * second)
        #expect(before == nil)
        var watch = try watch()
        hear(&watch)
        _ = watch.verdict(now: 8 * second)
        let found = watch.verdict(now: 9 * second)
        let verdict = try #require(found)
        #expect(verdict.rank == 2)
        #expect(
            verdict.failure.message == """
                worker 2 (cpu:2-3) has not been heard of for 7 s: its process hangs or its host is gone at step 1, \
                instruction 2F0 (computing). All workers are ended; start the run again; where it may be paused for longer, \
                set deadlines.heartbeat.
                """)
    }

    @Test func `a run is stuck when nobody moves for ten steps' time, half a minute at least`() throws {
        var watch = try watch()
        watch.finishedStep(seconds: 4)
        watch.heard(
            0, at(1, "0B0", .receiving(from: 1, MessageName(.gradient, step: 1, microBatch: 0, edge: 0))), now: second)
        watch.heard(1, at(1, "1F0", .computing), now: second)
        let unheard = watch.verdict(now: 2 * second)
        #expect(unheard == nil)
        watch.heard(
            2, at(1, "2F0", .receiving(from: 1, MessageName(.activation, step: 1, microBatch: 0, edge: 0))),
            now: 2 * second)
        // A heartbeat with the same counter is no progress.
        watch.heard(
            2, at(1, "2F0", .receiving(from: 1, MessageName(.activation, step: 1, microBatch: 0, edge: 0))),
            now: 41 * second)
        for rank in 0..<3 { watch.heard(rank, now: 41 * second) }
        let before = watch.verdict(now: 42 * second)
        #expect(before == nil)
        for rank in 0..<3 { watch.heard(rank, now: 42 * second) }
        _ = watch.verdict(now: 42 * second + 1)
        let found = watch.verdict(now: 43 * second)
        let verdict = try #require(found)
        #expect(verdict.rank == 1)
        #expect(
            verdict.failure.message == """
                no worker made progress for 40 s: all wait for worker 1 (cpu:1) at step 2, instruction 1F0 (computing). \
                All workers are ended; start the run again; where that may take longer, set \
                deadlines.step.
                """)
    }

    @Test func `the first step, loading and saving may take longer than a later step`() throws {
        var watch = try watch()
        for rank in 0..<3 { watch.heard(rank, at(0, "\(rank)F0", .computing), now: second) }
        func hearAll(_ phase: WorkerPhase, _ now: UInt64) {
            for rank in 0..<3 { watch.heard(rank, at(0, "\(rank)F0", phase), now: now) }
        }
        hearAll(.computing, 600 * second)
        let inFirstStep = watch.verdict(now: 601 * second)
        #expect(inFirstStep == nil)
        watch.finishedStep(seconds: 1)
        hearAll(.saving, 3000 * second)
        let saving = watch.verdict(now: 3001 * second)
        #expect(saving == nil)
        hearAll(.computing, 3001 * second)
        _ = watch.verdict(now: 3001 * second)
        let later = watch.verdict(now: 3002 * second)
        #expect(later?.failure.message.hasPrefix("no worker made progress for 30 s") == true)
    }

    @Test func `a deadline of the manifest replaces the rule`() throws {
        var deadlines = PipelineManifest.Deadlines()
        deadlines.step = 5
        var rule = HangRule(deadlines)
        #expect(rule.limit(of: [.computing]).seconds == 600)
        rule.finishedStep(seconds: 100)
        #expect(rule.limit(of: [.computing, .sending(to: 1)]).seconds == 5)
        #expect(rule.limit(of: [.computing, .saving]) == (3600, "save"))
    }

    @Test func `a heartbeat that waited to be read counts by the worker's clock`() throws {
        var watch = try watch()
        watch.finishedStep(seconds: 1)
        for rank in 0..<3 {
            var status = at(1, "\(rank)F0", .computing)
            status.stalled = 31 * second
            watch.heard(rank, status, now: 40 * second)
        }
        _ = watch.verdict(now: 40 * second)
        let found = watch.verdict(now: 41 * second)
        #expect(found?.failure.message.hasPrefix("no worker made progress for 30 s") == true)
    }

    @Test func `a coordinator that was held up for a minute hears of no silence`() throws {
        var clock = ListeningClock()
        clock.tick(at: 5 * second)
        clock.tick(at: 5 * second + 50_000_000)
        var watch = try watch()
        for rank in 0..<3 { watch.heard(rank, at(0, "\(rank)F0", .computing), now: clock.now) }
        clock.tick(at: 65 * second)
        #expect(clock.now == 50_000_000 + ListeningClock.longestTick)
        let before = watch.verdict(now: clock.now)
        #expect(before == nil)
    }

    @Test func `where workers wait for each other, none is said to compute`() throws {
        var watch = try watch()
        for rank in 0..<3 {
            watch.heard(rank, at(0, "\(rank)F0", .sending(to: (rank + 1) % 3)), now: second)
        }
        for rank in 0..<3 { watch.heard(rank, now: 640 * second) }
        _ = watch.verdict(now: 640 * second)
        let found = watch.verdict(now: 641 * second)
        let verdict = try #require(found)
        #expect(
            verdict.failure.message.hasPrefix(
                "no worker made progress for 600 s: workers 0, 1 and 2 wait for each other at step 1"))
    }

    @Test func `the strongest sign is the cause, the first of equals`() {
        var evidence = FailureEvidence()
        #expect(evidence.isEmpty && evidence.cause == nil)
        evidence.add(.reported(peerGone, isPeerLoss: true), rank: 0, at: 0)
        evidence.add(.silent(6), rank: 1, at: 0)
        #expect(evidence.cause?.rank == 1 && !evidence.isConclusive)
        evidence.add(.exited(1), rank: 2, at: 0)
        evidence.add(.disconnected, rank: 0, at: 0)
        #expect(evidence.cause?.rank == 2 && !evidence.isConclusive)
        evidence.add(.killed(signal: 9), rank: 1, at: 0)
        evidence.add(.killed(signal: 15), rank: 0, at: 0)
        #expect(evidence.cause?.rank == 1 && evidence.isConclusive)
        evidence.add(.reported(RunFailure(.bug, "x"), isPeerLoss: false), rank: 2, at: 0)
        #expect(evidence.cause?.rank == 2)
    }
}
