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
    /// By rank, what a process on another host reads through the one that reaches it.
    private var longLifelines: [Int: Int32] = [:]
    /// Ranks on other hosts.
    private var distant: Set<Int> = []
    /// What workers inherit beside what each needs.
    private let environment: [String: String]

    /// - Parameter environment: what `EnvironmentFile` gives to workers.
    package init(environment: [String: String] = [:]) throws(RunFailure) {
        self.environment = environment
        do { lifeline = try Pipe() } catch { throw RunFailure(wrapping: error) }
    }

    deinit {
        endAll()
        close(lifeline.read)
        close(lifeline.write)
    }

    /// - Parameters:
    ///   - address: where the worker's links to workers on other machines have their ports.
    ///   - more: further arguments.
    package func start(
        rank: Int, coordinator: String, directory: RunDirectory, threads: Int, address: String? = nil,
        _ more: [String] = [], secret: RunSecret
    ) throws(RunFailure) {
        var arguments = [
            "worker", directory.manifestPath, "--rank", "\(rank)", "--coordinator", coordinator, "--lifeline",
        ]
        if let address { arguments += ["--address", address] }
        arguments += more
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
                arguments,
                environment: WorkerEnvironment.ofWorker(threads: threads, secret: secret, given: environment),
                input: lifeline.read, output: log)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// Starts a worker on another host.
    /// - Parameters:
    ///   - command: starts it there, hands its standard input on, and ends when the worker does.
    ///   - text: what the worker's input begins with. The input ends when this process does, and with it the worker.
    package func start(_ rank: Int, by command: [String], handing text: String, log: Int32) throws(RunFailure) {
        endings[rank] = nil
        closeLifeline(of: rank)
        do {
            let input = try Pipe()
            defer { close(input.read) }
            longLifelines[rank] = input.write
            distant.insert(rank)
            // It fits the pipe, whether or not somebody reads.
            try File.write(Array(text.utf8), to: input.write, path: "the input of worker \(rank)")
            children[rank] = try ChildProcess.spawn(
                Array(command.dropFirst()), program: command[0], environment: ChildProcess.inheritedEnvironment,
                input: input.read, output: log)
        } catch {
            closeLifeline(of: rank)
            throw RunFailure(wrapping: error)
        }
    }

    private func closeLifeline(of rank: Int) {
        if let end = longLifelines.removeValue(forKey: rank) { close(end) }
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
    ///
    /// Workers on other hosts are ended by the end of their input, which the command that reaches them hands on: it gets some
    /// seconds for that, because its own end says nothing of theirs.
    package func endAll(grace: Double = 1) {
        let deadline = MonotonicClock.now + UInt64(grace * 1e9)
        let last = deadline + UInt64(Self.distantGrace * 1e9)
        while !running.isEmpty {
            _ = reap()
            let now = MonotonicClock.now
            if now >= deadline { longLifelines.keys.forEach { closeLifeline(of: $0) } }
            for rank in running where now >= (distant.contains(rank) ? last : deadline) {
                children[rank]?.signal(SIGKILL)
            }
            usleep(2_000)
        }
        longLifelines.keys.forEach { closeLifeline(of: $0) }
    }

    /// Seconds.
    private static let distantGrace = 5.0
}
