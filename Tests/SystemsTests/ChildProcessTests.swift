import Glibc
import Systems
import Testing

@Suite struct ChildProcessTests {
    /// Where SIGCHLD is ignored the system forgets children as they end: `train` waited for them for ever.
    @Test func `a child that the system does not know has ended`() {
        // No child of this process: the first process of the system.
        #expect(ChildProcess(pid: 1).reap() == .exited(0))
    }

    @Test(
        arguments: [(0, .exited(0)), (75 << 8, .exited(75)), (9, .killed(signal: 9))]
            as [(Int32, ChildProcess.Ending)])
    func `a wait status says how a child ended`(status: Int32, ending: ChildProcess.Ending) {
        #expect(ChildProcess.Ending(waitStatus: status) == ending)
    }
}
