import Glibc
import Planning
package import Runs
package import Systems
package import Transport

/// The processes that a command started: every one of them ends before the command does.
package final class WorkerPool {
    private var children: [Int: ChildProcess] = [:]
    /// How those that ended did so.
    private(set) var endings: [Int: ChildProcess.Ending] = [:]
    /// What workers read ends when this process does, however it ends.
    private let lifeline: Pipe

    package init() throws(RunFailure) {
        do { lifeline = try Pipe() } catch { throw RunFailure(wrapping: error) }
    }

    deinit {
        endAll()
        close(lifeline.read)
        close(lifeline.write)
    }

    /// - Parameter address: where the worker's links to workers on other machines have their ports.
    package func start(
        rank: Int, coordinator: String, directory: RunDirectory, threads: Int, address: String? = nil,
        secret: RunSecret
    ) throws(RunFailure) {
        var arguments = [
            "worker", directory.manifestPath, "--rank", "\(rank)", "--coordinator", coordinator, "--lifeline",
        ]
        if let address { arguments += ["--address", address] }
        let log = try Self.log(directory.logPath(rank: rank))
        defer { close(log) }
        try start(rank, arguments, threads: threads, log: log, secret: secret)
    }

    /// - Parameter log: what the process's standard output and error go to, open.
    package func start(
        _ rank: Int, _ arguments: [String], threads: Int, log: Int32, secret: RunSecret
    ) throws(RunFailure) {
        endings[rank] = nil
        do {
            children[rank] = try ChildProcess.spawn(
                arguments, environment: WorkerEnvironment.ofWorker(threads: threads, secret: secret),
                input: lifeline.read, output: log)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// A file to append to, open; the caller closes it.
    package static func log(_ path: String) throws(RunFailure) -> Int32 {
        let log = open(path, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw RunFailure(wrapping: SystemError("open", path)) }
        return log
    }

    func process(of rank: Int) -> pid_t? { children[rank]?.pid }

    var running: [Int] { children.keys.filter { endings[$0] == nil }.sorted() }

    /// Those that ended since the last call.
    package func reap() -> [(rank: Int, ending: ChildProcess.Ending)] {
        running.compactMap { rank in
            guard let ending = children[rank]?.reap() else { return nil }
            endings[rank] = ending
            return (rank, ending)
        }
    }

    /// Where Ctrl-Z was pressed: stops the workers, which the terminal does not reach, and this process; returns once it
    /// goes on (`fg`, `bg`), and they with it.
    package func pauseIfAsked() {
        guard Interrupts.takePause() else { return }
        for rank in running { children[rank]?.signal(SIGSTOP) }
        Interrupts.pause()
        for rank in running { children[rank]?.signal(SIGCONT) }
    }

    /// Kills these, whatever they are at; returns when they are gone.
    func end(_ ranks: Set<Int>) {
        while true {
            _ = reap()
            let left = running.filter { ranks.contains($0) }
            if left.isEmpty { return }
            for rank in left { children[rank]?.signal(SIGKILL) }
            usleep(1_000)
        }
    }

    /// Gives workers a moment to leave by themselves, then kills the rest; returns when none is left.
    package func endAll(grace: Double = 1) {
        let deadline = MonotonicClock.now + UInt64(grace * 1e9)
        while !running.isEmpty {
            _ = reap()
            if running.isEmpty { return }
            if MonotonicClock.now >= deadline { running.forEach { children[$0]?.signal(SIGKILL) } }
            usleep(2_000)
        }
    }
}
