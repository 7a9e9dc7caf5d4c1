import Dashboards
import Glibc
import Testing

@Suite struct LifelineTests {
    private func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func `lines come whole and the end is noticed`() throws {
        let ends = try pipe()
        defer { close(ends.read) }
        var lifeline = Lifeline(ends.read)
        write(ends.write, "runs/a", 6)
        #expect(lifeline.line(within: 0) == nil)
        write(ends.write, "\nruns/b\n", 8)
        #expect(lifeline.line(within: 1000) == "runs/a")
        #expect(lifeline.line(within: 0) == "runs/b")
        #expect(!lifeline.hasEnded)
        close(ends.write)
        #expect(lifeline.line(within: 1000) == nil)
        #expect(lifeline.hasEnded)
    }
}
