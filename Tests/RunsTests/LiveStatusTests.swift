import Runs
import Systems
import TestSupport
import Testing

@Suite struct LiveStatusTests {
    private let folder: TemporaryFolder
    private var run: RunDirectory { RunDirectory(folder.file("x")) }

    init() throws {
        folder = try TemporaryFolder()
        try File.makeFolder(run.path)
        try folder.write("", to: "x/lock")
    }

    private func state(after seconds: Double, written: LiveStatus.State = .running) throws -> LiveStatus.State {
        try LiveStatus(name: "x", state: written, steps: 9, metrics: nil, ranks: [], updatedAt: 1000)
            .write(to: run.livePath)
        return try LiveStatus.current(run, now: 1000 + seconds).state
    }

    /// On a full disk the file could not say that the run had ended: `top` showed it as running for ever.
    @Test func `a run that nobody holds and that wrote nothing for seconds does not run`() throws {
        #expect(try state(after: 100) == .gone)
        #expect(try state(after: 100, written: .starting) == .gone)
        #expect(try state(after: 1) == .running)
        #expect(try state(after: 100, written: .done) == .done)
        #expect(try state(after: 100, written: .failed) == .failed)
    }

    @Test func `a run that is held goes on, however old its file is`() throws {
        File.remove(run.path)
        let claim = try RunClaim(named: run.path, run: "x", manifest: "m")
        #expect(try state(after: 100) == .running)
        withExtendedLifetime(claim) {}
    }

    @Test func `a copy without a lock does not run`() throws {
        File.remove(run.path + "/lock")
        #expect(try state(after: 100) == .gone)
    }
}
