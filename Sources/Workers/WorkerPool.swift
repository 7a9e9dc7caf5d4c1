import Foundation
import Glibc
import Reports

/// The worker processes that the coordinator started: every one of them ends before the coordinator does.
final class WorkerPool {
    private var children: [Int: ChildProcess] = [:]
    /// How those that ended did so.
    private(set) var endings: [Int: ChildProcess.Ending] = [:]
    /// Both ends of the lifeline: what workers read ends when this process does, however it ends.
    private let lifeline: (read: Int32, write: Int32)

    init() throws(RunFailure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw RunFailure(.bug, "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        lifeline = (ends[0], ends[1])
    }

    deinit {
        endAll()
        close(lifeline.read)
        close(lifeline.write)
    }

    func start(rank: Int, coordinator: String, directory: RunDirectory, threads: Int) throws(RunFailure) {
        let log = open(directory.logPath(rank: rank), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw .badInput("\(directory.logPath(rank: rank)): \(String(cString: strerror(errno)))") }
        defer { close(log) }
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        children[rank] = try ChildProcess.spawn(
            [
                program, "worker", directory.manifestPath, "--rank", "\(rank)", "--coordinator", coordinator,
                "--lifeline",
            ], environment: WorkerEnvironment.ofWorker(threads: threads), input: lifeline.read, output: log)
    }

    func process(of rank: Int) -> pid_t? { children[rank]?.pid }

    var running: [Int] { children.keys.filter { endings[$0] == nil }.sorted() }

    /// Those that ended since the last call.
    func reap() -> [(rank: Int, ending: ChildProcess.Ending)] {
        running.compactMap { rank in
            guard let ending = children[rank]?.reap() else { return nil }
            endings[rank] = ending
            return (rank, ending)
        }
    }

    /// Gives workers a moment to leave by themselves, then kills the rest; returns when none is left.
    func endAll(patience: Double = 1) {
        let deadline = Clock.nanoseconds + UInt64(patience * 1e9)
        while !running.isEmpty {
            _ = reap()
            if running.isEmpty { return }
            if Clock.nanoseconds >= deadline { running.forEach { children[$0]?.signal(SIGKILL) } }
            usleep(2_000)
        }
    }
}
