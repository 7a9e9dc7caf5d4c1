import Coordination
import Planning
import Runs
import Systems
import TestPlans
import Testing

@Suite struct PreflightTests {
    @Test func `a run directory whose path workers could not open is refused with its length`() throws {
        let plan = try Plans.make()
        let path = "/" + String(repeating: "d/", count: 2000)
        let error = #expect(throws: RunFailure.self) { try Preflight.checkPlace(path, plan) }
        #expect(error?.code == .badInput)
        #expect(error?.message.hasPrefix("the run directory's path has 4001 bytes, expected at most 3900") == true)
    }

    @Test func `weights that no disk holds are refused before the folder is made`() throws {
        let model = """
            {layers: [{embedding: {vocab: 16777216, width: 1048576}}, {linear: {in: 1048576, out: 256}}],
            loss: cross-entropy}
            """
        let plan = try Plans.make(model: model, set: ["batch.micro=1"])
        let failure = try #require(throws: RunFailure.self) { try Preflight.checkPlace("/tmp/new/run", plan) }
        #expect(failure.code == .interrupted)
        #expect(failure.message.contains("/tmp/new/run: weights and first files take 64.0 TiB, its file system has "))
    }

    @Test func `a folder in which nobody can make files is refused`() throws {
        // Not even root makes files there.
        let plan = try Plans.make()
        let failure = try #require(throws: RunFailure.self) { try Preflight.checkPlace("/proc/sys/run", plan) }
        #expect(failure.code == .badInput)
        #expect(failure.message.hasPrefix("run directory /proc/sys/run: cannot make files in /proc/sys/: "))
    }

    @Test func `a run that its machine cannot hold is refused before anything starts`() throws {
        let plan = try Plans.make()
        func memory(_ bytes: Int) -> MemoryLimit { MemoryLimit(bytes: bytes, source: "a test") }
        let needed = [0, 1].map(plan.memory(ofRank:)).reduce(0, +)
        #expect(message { try Preflight.checkMemory(plan, together: memory(needed)) }.isEmpty)
        #expect(
            message { try Preflight.checkMemory(plan, together: memory(needed - 1)) }.wholeMatch(
                of: #/p/tiny\.yaml:3:10: the workers need .+ of memory, there are .+ \(a test\): .+/#) != nil)
        let each = plan.memory(ofRank: 0)
        #expect(
            message { try Preflight.checkMemory(plan, together: memory(.max), each: memory(each - 1)) }.wholeMatch(
                of: #/p/tiny\.yaml:3:10: worker \d needs .+ of memory, a process may have .+ \(a test\): .+/#) != nil)
        let simulated = try Plans.make(devices: "[sim:0, sim:1]", more: "sim: {layer_ms: 1}")
        #expect(message { try Preflight.checkMemory(simulated, together: memory(0)) }.isEmpty)
    }
}
