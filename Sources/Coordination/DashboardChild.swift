import Glibc
import Planning
import Runs
import Systems

/// The process that serves a run's live page, from the coordinator's side: it listens before the run takes anything, and
/// ends with it.
final class DashboardChild {
    /// Where a browser finds the page: on this machine first, then on others.
    let urls: [String]
    private let process: ChildProcess
    private let lifeline: Int32
    private static let startLimit: Double = 20
    private static let endLimit: Double = 5

    /// Returns when the page is there.
    /// - Throws: bad input where the address cannot be had.
    init(address: String) throws(RunFailure) {
        let (input, output) = try Self.pipes()
        lifeline = input.write
        do throws(SystemError) {
            defer {
                Glibc.close(input.read)
                Glibc.close(output.write)
            }
            process = try ChildProcess.spawn(
                ["dashboard", "--beside-run", "--at", address], environment: WorkerEnvironment.ofWorker(threads: 1),
                input: input.read, output: output.write)
        } catch {
            Glibc.close(input.write)
            Glibc.close(output.read)
            throw RunFailure(wrapping: error)
        }
        let said = Self.line(from: output.read)
        Glibc.close(output.read)
        urls = said.split(separator: " ").map(String.init)
        guard !said.hasPrefix("http://") else { return }
        Glibc.close(lifeline)
        if Self.end(of: process) == .exited(ExitCode.badInput.rawValue) {
            throw .badInput("--" + said.dropFirst(said.hasPrefix("echelon: ") ? 9 : 0))
        }
        throw RunFailure(.interrupted, "the dashboard did not start: \(said.isEmpty ? "it said nothing" : said)")
    }

    /// Shows this run.
    func follow(_ directory: RunDirectory) {
        let path = (try? File.absolute(directory.path)) ?? directory.path
        try? File.write(Array((path + "\n").utf8), to: lifeline, path: "the dashboard's input")
    }

    /// The run is over: shows its last state to whoever looks, and ends the process.
    func close() {
        Glibc.close(lifeline)
        _ = Self.end(of: process)
    }

    private static func pipes() throws(RunFailure) -> (input: Pipe, output: Pipe) {
        do throws(SystemError) {
            let input = try Pipe()
            do throws(SystemError) { return (input, try Pipe()) } catch {
                Glibc.close(input.read)
                Glibc.close(input.write)
                throw error
            }
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// What the process says first.
    private static func line(from file: Int32) -> String {
        let deadline = MonotonicClock.now + UInt64(startLimit * 1e9)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !bytes.contains(10), bytes.count < 65_536, MonotonicClock.now < deadline {
            var wanted = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, 100) > 0 else { continue }
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self).printable()
    }

    /// Waits for its end; kills it where that takes too long.
    private static func end(of process: ChildProcess) -> ChildProcess.Ending {
        let deadline = MonotonicClock.now + UInt64(endLimit * 1e9)
        while true {
            if let ending = process.reap() { return ending }
            if MonotonicClock.now >= deadline { process.signal(SIGKILL) }
            usleep(2_000)
        }
    }
}
