import Coordination
import Runs
import Systems
import TestPlans
import Testing
import Transport

private let second: UInt64 = 1_000_000_000

/// Workers of which nothing is heard: what the system says of their processes tells why.
@Suite struct SilenceTests {
    private func watch() throws -> RunWatch {
        var watch = RunWatch(try Plans.make(devices: "[cpu:0, cpu:1, cpu:2-3]"))
        watch.begin()
        return watch
    }

    private func at(_ step: Int, _ instruction: String, _ phase: WorkerPhase) -> WorkerStatus {
        WorkerStatus(step: step, microBatch: 3, instruction: instruction, phase: phase, progress: 1)
    }

    @Test func `a pause shorter than the manifest's deadline is no failure`() throws {
        let plan = try Plans.make(devices: "[cpu:0, cpu:1, cpu:2-3]", more: "deadlines: {heartbeat: 60}\n")
        var watch = RunWatch(plan)
        watch.begin()
        watch.heard(2, at(0, "2F0", .computing), now: second)
        for rank in 0..<2 { watch.heard(rank, now: 60 * second) }
        #expect(watch.quietRanks(now: 30 * second) == [])
        let during = watch.verdict(now: 61 * second)
        #expect(during == nil)
        _ = watch.verdict(now: 61 * second + 1)
        let found = watch.verdict(now: 62 * second)
        #expect(found?.rank == 2)
    }

    @Test func `one that is stopped before it was ever heard of is told too`() throws {
        var watch = RunWatch(try Plans.make(devices: "[cpu:0, cpu:1, cpu:2-3]"))
        watch.begin(at: 0, now: second)
        watch.heard(0, now: second)
        watch.heard(2, now: 3 * second)
        #expect(watch.quietRanks(now: 3 * second) == [])
        #expect(watch.quietRanks(now: 3 * second + 1) == [0, 1])
        watch.saw(0, process: 4711, .sleeps, now: 4 * second)
        watch.saw(1, process: 4712, .stopped, now: 4 * second)
        let found = watch.verdict(now: 5 * second)
        #expect(found?.rank == 1 && found?.isLoss == true)
        #expect(found?.failure.message.contains("has been stopped for 3 s") == true)
        #expect(found?.failure.message.contains("before the first step") == true)
    }

    @Test func `a worker that a signal stopped is told apart, and sooner`() throws {
        var watch = try watch()
        for rank in 0..<3 { watch.heard(rank, at(0, "\(rank)F0", .computing), now: second) }
        for rank in [0, 2] { watch.heard(rank, now: 3 * second) }
        #expect(watch.quietRanks(now: 3 * second) == [])
        #expect(watch.quietRanks(now: 3 * second + 1) == [1])
        watch.saw(1, process: 4711, .sleeps, now: 3 * second + 1)
        let before = watch.verdict(now: 4 * second)
        #expect(before == nil)
        watch.saw(1, process: 4711, .stopped, now: 4 * second)
        let found = watch.verdict(now: 4 * second + FailureEvidence.grace)
        let verdict = try #require(found)
        #expect(verdict.rank == 1 && verdict.diagnosis?.ranks.map(\.condition) == [.alive, .stopped, .alive])
        #expect(
            verdict.failure.message == """
                worker 1 (cpu:1) has been stopped for 3 s, as SIGSTOP does; `kill -CONT 4711` would have let it go on; \
                it was at step 1, instruction 1F0 (computing). All workers are ended; start the run again.
                """)
    }

    @Test(arguments: [
        (ProcessState.blocked, "its process waits for a disk or a device, where nothing can interrupt it"),
        (.traced, "a debugger holds its process"), (.runs, "its process hangs or its host is gone"),
    ])
    func `a silent process is told of when it has been silent for long, with its state`(
        state: ProcessState, reason: String
    ) throws {
        var watch = try watch()
        for rank in 0..<3 { watch.heard(rank, at(0, "\(rank)F0", .computing), now: second) }
        for rank in [0, 2] { watch.heard(rank, now: 7 * second) }
        watch.saw(1, process: 4711, state, now: 6 * second)
        let before = watch.verdict(now: 6 * second)
        #expect(before == nil)
        _ = watch.verdict(now: 7 * second)
        let found = watch.verdict(now: 8 * second)
        let verdict = try #require(found)
        #expect(verdict.diagnosis?.ranks.map(\.condition) == [.alive, .silent, .alive])
        #expect(
            verdict.failure.message.hasPrefix("worker 1 (cpu:1) has not been heard of for 6 s: \(reason) at step 1,"))
    }

    @Test func `a heartbeat ends what was known of a process`() throws {
        var watch = try watch()
        for rank in 0..<3 { watch.heard(rank, at(0, "\(rank)F0", .computing), now: second) }
        watch.saw(1, process: 4711, .traced, now: 4 * second)
        for rank in 0..<3 { watch.heard(rank, now: 5 * second) }
        #expect(watch.quietRanks(now: 6 * second) == [])
        let before = watch.verdict(now: 9 * second)
        #expect(before == nil)
    }
}
