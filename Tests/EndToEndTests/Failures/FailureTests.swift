import Foundation
import Glibc
import Systems
import TestSupport
import Testing

extension EndToEndTests {
    /// Whatever ends a run early, it ends soon, says why once, and leaves no process and no socket.
    @Suite struct FailureTests {
        private static let ranks = 3

        private func startEndlessRun(_ lab: Lab) throws -> EchelonProcess {
            try lab.startTraining(Lab.endless + ["devices=\(Lab.devices(Self.ranks))"], ["--quiet"])
        }

        private func expectOneMessage(_ outcome: EchelonProcess.Outcome, _ fragments: [String]) {
            #expect(outcome.exitCode == 75)
            #expect(outcome.errors.hasPrefix("echelon: "))
            #expect(outcome.errors.components(separatedBy: "echelon: ").count == 2, "one message: \(outcome.errors)")
            for fragment in fragments { #expect(outcome.errors.contains(fragment), "\(outcome.errors)") }
        }

        /// ECHELON_KILLS says how many; they are the same ones each time.
        private static let kills = ProcessInfo.processInfo.environment["ECHELON_KILLS"].flatMap(Int.init) ?? 6

        @Test(arguments: 0..<kills) func `a killed worker ends the run`(kill number: Int) throws {
            var random = SplitMix64(seed: UInt64(number))
            let lab = try Lab()
            let process = try startEndlessRun(lab)
            let rank = number % Self.ranks
            let worker = try process.worker(rank)
            // Every other one while the run starts, the rest while it computes.
            usleep(UInt32(random.next() % (number.isMultiple(of: 2) ? 40_000 : 1_000_000)))
            Glibc.kill(worker.id, SIGKILL)
            let killed = ContinuousClock.now
            let outcome = try process.finish(within: 10)
            #expect(process.leftovers() == [])
            #expect(lab.halfWritten == [])
            expectOneMessage(outcome, ["worker \(rank) (\(Lab.device(rank))) was killed by signal 9 (killed)"])
            let place = #/ at step \d+, instruction \d+[FB]\d+ \(.+\)| after step \d+| (in|before) the first step/#
            #expect(outcome.errors.contains(place), "\(outcome.errors)")
            if Self.kills >= 50 {
                print("kill \(number): rank \(rank), \(killed.duration(to: .now)): \(outcome.errors)")
            }
        }

        @Test func `a stopped worker is reported and ended`() throws {
            let lab = try Lab()
            let process = try startEndlessRun(lab)
            try lab.waitForSteps(of: process)
            let worker = try process.worker(1)
            kill(worker.id, SIGSTOP)
            let outcome = try process.finish(within: 30)
            #expect(process.leftovers() == [])
            expectOneMessage(
                outcome,
                [
                    "worker 1 (\(Lab.device(1))) has been stopped for ", "`kill -CONT \(worker.id)` would ", " step ",
                    "waiting for ", "stopped; before: ",
                ])
            #expect(
                outcome.errors.contains(#/waiting for (\d[FB]\d of worker 1|the coordinator) /#), "\(outcome.errors)")
            let kept = try lab.folder.text("run/diagnosis.txt")
            #expect(outcome.errors.contains(kept), "\(kept)")
        }

        @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func `an interrupt ends the run`(signal: Int32) throws {
            let lab = try Lab()
            let process = try startEndlessRun(lab)
            try lab.waitForSteps(of: process)
            process.signal(signal)
            let outcome = try process.finish(within: 10)
            #expect(process.leftovers() == [])
            #expect(lab.halfWritten == [])
            expectOneMessage(outcome, ["interrupted after ", " of 1000000 steps"])
        }

        @Test(arguments: [false, true]) func `workers end with a killed coordinator`(hasStarted: Bool) throws {
            let lab = try Lab()
            let process = try startEndlessRun(lab)
            if hasStarted { try lab.waitForSteps(of: process) }
            _ = try process.worker(Self.ranks - 1)
            process.signal(SIGKILL)
            #expect(try process.finish().exitCode == nil)
            #expect(process.leftovers(within: 10) == [])
            #expect(!lab.folder.exists("run/model.safetensors"))
        }

        /// "Start the run again" means that the same line works: what was there makes way, and is kept.
        @Test func `the same line works again after a run that was killed`() throws {
            let lab = try Lab()
            let process = try startEndlessRun(lab)
            try lab.waitForSteps(of: process)
            process.signal(SIGKILL)
            _ = try process.finish()
            _ = process.leftovers(within: 10)
            let again = try startEndlessRun(lab)
            try again.wait(for: "the first run to make way") { lab.folder.exists("run.1/metrics.jsonl") ? () : nil }
            try lab.waitForSteps(of: again)
            again.signal(SIGINT)
            let errors = try again.finish().errors
            #expect(errors.contains("holds an unfinished run (stopped after step "), "\(errors)")
        }
    }
}
