import Coordination
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
}
