import Coordination
import Glibc
import Planning
import Runs
import Systems
import Transport

/// Processes that measure together, and the command that starts them, hears what they say and sees all of them end.
///
/// `Attempt` in Coordination does the same for a run's workers, and says why there are two.
final class MeasuringProcesses {
    /// For what the processes are given; removed with them.
    let folder: OwnedFolder
    let server: ControlServer
    let pool: WorkerPool
    /// By rank: where the process is, for people.
    private let places: [String]
    /// What an interrupt means: `nothing was kept of the profile`.
    private let loss: String
    /// What to do where a process hangs.
    private let advice: String
    /// What each process says that is no message: open files without a name.
    private var logs: [Int: Int32] = [:]
    private var left: Set<Int> = []
    private var clock = ListeningClock()
    private var liveness: Liveness
    private var evidence = FailureEvidence()

    /// Listens for as many processes as there are places; none is started yet.
    init(
        _ name: String, _ configuration: ControlServer.Configuration, places: [String],
        environment: [String: String], loss: String, advice: String
    ) throws {
        (self.places, self.loss, self.advice) = (places, loss, advice)
        pool = try WorkerPool(environment: environment)
        var configuration = configuration
        configuration.socketParent = try ScratchFolder.parentForSockets()
        liveness = Liveness(world: places.count, heartbeatTimeout: configuration.heartbeatTimeout)
        server = try ControlServer(configuration)
        do { folder = try OwnedFolder(name) } catch {
            server.close()
            throw error
        }
    }

    /// What a process may write to; whoever asks need not close it.
    func log(of rank: Int) throws -> Int32 {
        let path = "\(folder.path)/\(rank).log"
        let log = try WorkerPool.log(path)
        unlink(path)
        logs[rank] = log
        return log
    }

    /// Returns when all processes have left.
    /// - Parameters:
    ///   - begin: called once all are there.
    ///   - hear: called with each message.
    /// - Throws: interrupted: by the user, or because a process ended, hangs or never came.
    func watch(begin: () throws -> Void = {}, hear: (_ rank: Int, _ bytes: [UInt8]) throws -> Void) throws {
        while left.count < places.count {
            let events: [ControlEvent]
            do throws(TransportError) { events = try server.poll(timeout: .milliseconds(50)) } catch {
                throw missing(error)
            }
            clock.tick(at: MonotonicClock.now)
            for event in events { try handle(event, begin, hear) }
            try checkHealth()
        }
    }

    private func missing(_ error: TransportError) -> any Error {
        guard case .missingRanks(let ranks, _, _, let seconds) = error else { return error }
        let names = ranks.map { places[$0] }.joined(separator: ", ")
        return RunFailure(
            .interrupted,
            "nothing came within \(Int(seconds)) s from the process that measures on \(names). All are ended; \(advice)"
        )
    }

    private func handle(
        _ event: ControlEvent, _ begin: () throws -> Void, _ hear: (Int, [UInt8]) throws -> Void
    ) throws {
        switch event {
        case .go:
            for rank in places.indices { liveness.heard(rank, at: clock.now) }
            try begin()
        case .status(let rank, _): liveness.heard(rank, at: clock.now)
        case .message(let rank, let bytes):
            liveness.heard(rank, at: clock.now)
            try hear(rank, bytes)
        case .goodbye(let rank):
            left.insert(rank)
            liveness.forget(rank)
        case .failed(let rank, let code, let text): add(FailureEvidence.Sign(WireCode.decode(code, text)), rank)
        case .gone(let rank) where !left.contains(rank): add(.disconnected, rank)
        // A stranger was turned away: that changes nothing here.
        case .refused, .registered, .connecting, .clock, .gone: break
        }
    }

    private func checkHealth() throws(RunFailure) {
        pool.pauseIfAsked()
        guard Interrupts.count == 0 else { throw RunFailure(.interrupted, "interrupted: \(loss)") }
        for (rank, ending) in pool.reap() where ending != .exited(0) && !left.contains(rank) {
            add(FailureEvidence.Sign(ending), rank)
        }
        for rank in liveness.silentRanks(at: clock.now) {
            add(.silent(Double(liveness.silence(of: rank, at: clock.now)) / 1e9), rank)
        }
        if let cause = evidence.certainCause(at: clock.now) { throw failure(cause.rank, cause.sign) }
    }

    private func add(_ sign: FailureEvidence.Sign, _ rank: Int) {
        liveness.forget(rank)
        evidence.add(sign, rank: rank, at: clock.now)
    }

    private func failure(_ rank: Int, _ sign: FailureEvidence.Sign) -> RunFailure {
        switch sign {
        case .reported(let failure, isPeerLoss: _): return failure
        case .silent(let seconds), .stopped(let seconds), .stuck(let seconds, deadline: _):
            return RunFailure(
                .interrupted,
                "the process that measures on \(places[rank]) has not been heard of for \(Int(seconds)) s: it hangs. "
                    + "All are ended; \(advice)")
        case .killed, .exited, .disconnected:
            let tail = logs[rank].flatMap { LogTail.read($0) }.map { ":\n\($0)" } ?? ""
            return RunFailure(.interrupted, "the process that measured on \(places[rank]) ended early\(tail)")
        }
    }

    /// Whatever happened: nothing of it is left.
    func clear() {
        pool.endAll(grace: left.count == places.count ? 2 : 0)
        server.close()
        for log in logs.values { close(log) }
        folder.remove()
    }
}
