import Reports
import Runs
import Scheduling
import Systems
import Testing

/// Logs that are cut off or wrong.
@Suite struct WrongLogTests {
    @Test func `a step that some rank did not finish is left out`() throws {
        let run = FabricatedRun()
        var logs = run.logs()
        logs[2].events.removeLast(10)
        let accounts = try Accounts(run.description, logs: logs)
        #expect(accounts.steps.map(\.step).max() == 4)
        logs[1].events = []
        #expect(try Accounts(run.description, logs: logs).steps.isEmpty)
        #expect(throws: RunError.noEvents(path: "fabricated")) { try BubbleReport(run.description, logs: logs) }
    }

    @Test func `a micro-batch lost in the middle of the run is an error`() throws {
        let run = FabricatedRun()
        var logs = run.logs()
        let lost = try #require(logs[1].events.firstIndex { $0.step == 2 && $0.kind == .backward })
        logs[1].events.remove(at: lost)
        #expect(
            throws: RunError.inconsistent(
                rank: 1, step: 2, expected: "16 forwards and backwards", got: "15")
        ) { try Accounts(run.description, logs: logs) }
    }

    @Test func `overlapping events are an error`() throws {
        let run = FabricatedRun()
        var logs = run.logs()
        logs[0].events[3].start -= 1000
        #expect(throws: RunError.self) { try Accounts(run.description, logs: logs) }
    }

    @Test func `a rank without a log is an error`() throws {
        let run = FabricatedRun()
        let error = #expect(throws: RunError.self) {
            try Accounts(run.description, logs: run.logs().filter { $0.rank != 2 })
        }
        #expect(error?.description.contains("rank 2") == true)
    }

    @Test func `a stage on a rank that does not exist is an error`() throws {
        let run = FabricatedRun()
        var description = run.description
        description.stages[3].rank = 4
        #expect(throws: RunError.self) { try Accounts(description, logs: run.logs()) }
    }

    @Test func `ranks that wait for each other in a circle are an error, not a hang`() throws {
        let run = FabricatedRun(stages: 2, microBatches: 1, steps: 1)
        func pass(_ stage: Int, _ pass: Pass, _ start: UInt64) -> Event {
            let kind: EventKind = pass == .forward ? .forward : .backward
            return Event(
                kind, step: 0, instruction: Instruction(pass, stage: stage, microBatch: 0), start: start, end: start + 1
            )
        }
        // Stage 0 runs its backward before its forward; stage 1 needs that forward before its backward.
        let logs = [
            RankLog(rank: 0, events: [pass(0, .backward, 10), pass(0, .forward, 20)]),
            RankLog(rank: 1, events: [pass(1, .forward, 10), pass(1, .backward, 20)]),
        ]
        let error = #expect(throws: RunError.self) { try Accounts(run.description, logs: logs) }
        #expect(error?.description.contains("circle") == true)
    }

    @Test func `corrupt times never trap`() throws {
        var generator = SplitMix64(seed: 1)
        let run = FabricatedRun(stages: 3, microBatches: 2, steps: 3)
        for _ in 0..<500 {
            var logs = run.logs()
            let rank = Int.random(in: 0..<3, using: &generator)
            let index = logs[rank].events.indices.randomElement(using: &generator) ?? 0
            let wild = UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 0...40), using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: logs[rank].events[index].sent = wild
            case 1: logs[rank].events[index].end = wild
            case 2: logs[rank].events[index].peer = Int(truncatingIfNeeded: wild)
            case 3: logs[rank].clockOffset = Int64(truncatingIfNeeded: wild)
            case 4: logs[rank].events[index].bytes = Int(truncatingIfNeeded: wild)
            default: logs[rank].events[index].step = Int(truncatingIfNeeded: wild)
            }
            _ = try? BubbleReport(run.description, logs: logs, skip: 0).text()
        }
    }
}
