import Glibc
import Systems
import Testing

@Suite struct ProcessStateTests {
    @Test func `the letter behind the name counts, whatever the name holds`() {
        #expect(ProcessState(stat: "12 (a) T b) S 1 12 12 0") == .sleeps)
        #expect(ProcessState(stat: "12 (echelon) T 1 12") == .stopped)
        #expect(ProcessState(stat: "12 (echelon) t 1 12") == .traced)
        #expect(ProcessState(stat: "12 (echelon) D 1 12") == .blocked)
        #expect(ProcessState(stat: "12 (echelon) ? 1 12") == nil)
        #expect(ProcessState(stat: "12 (echelon)") == nil)
        #expect(ProcessState(stat: "") == nil)
    }

    @Test func `this process is alive, and one that does not exist has no state`() {
        let own = ProcessState(of: getpid())
        #expect([.runs, .sleeps, .blocked].contains(own))
        #expect(ProcessState(of: -1) == nil)
    }
}
