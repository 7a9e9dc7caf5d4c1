import Foundation
public import Glibc

/// A running `echelon`. It is killed when the value goes; what it started, when its folder goes.
public final class EchelonProcess {
    /// How it ended, and what it said.
    public struct Outcome: Sendable {
        /// nil where a signal ended it.
        public var exitCode: Int32?
        public var output: String
        public var errors: String
        public var seconds: Double
    }

    /// It did not do what it should in time.
    public struct Late: Error, CustomStringConvertible {
        public var description: String
    }

    private let process = Process()
    private let folder: TemporaryFolder
    private let name: String
    private let started = ContinuousClock.now
    /// The folders of the run's sockets, as its workers' command lines name them.
    private var socketFolders: Set<String> = []

    public static let program = built("echelon")

    /// A program that was built beside the running tests.
    private static func built(_ name: String) -> String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// Starts it in `folder`; one that is urgent goes before other processes where the system allows that, so that its times
    /// are its own on a busy machine.
    ///
    /// - Parameter shell: what a shell does before it becomes the program: `ulimit -n 64`, `exec 0<&-`. It may call the
    ///   program itself: `"$@" | head -1`.
    /// - Parameter program: another that was built beside the tests.
    public init(
        _ arguments: [String], in folder: TemporaryFolder, program: String = "echelon", isUrgent: Bool = false,
        shell: String? = nil
    ) throws {
        let program = Self.built(program)
        self.folder = folder
        name = "process-" + UUID().uuidString
        process.executableURL = URL(fileURLWithPath: isUrgent ? "/usr/bin/nice" : program)
        process.arguments = (isUrgent ? ["-n", "-15", program] : []) + arguments
        if let shell {
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", shell + "\nexec \"$@\"", "bash", program] + arguments
        }
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        // What it keeps between commands lies in the folder too.
        process.environment = ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": folder.file("cache")]) {
            $1
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.create(folder.file(name + ".out"))
        process.standardError = try Self.create(folder.file(name + ".err"))
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    private static func create(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw Late(description: "no file \(path)")
        }
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    public var id: pid_t { process.processIdentifier }
    /// What it wrote so far.
    public var output: String { (try? folder.text(name + ".out")) ?? "" }
    public var errors: String { (try? folder.text(name + ".err")) ?? "" }

    /// All processes that work in this folder, whoever started them.
    public var processes: [ProcessTable.Entry] {
        let entries = folder.processes
        for entry in entries {
            guard let address = entry.value(of: "--coordinator"), address.hasPrefix("ipc://") else { continue }
            socketFolders.insert(URL(fileURLWithPath: String(address.dropFirst(6))).deletingLastPathComponent().path)
        }
        return entries
    }

    /// The process of a rank, once it is there.
    public func worker(_ rank: Int) throws -> ProcessTable.Entry {
        try wait(for: "worker \(rank)") {
            processes.first { $0.arguments.dropFirst().first == "worker" && $0.value(of: "--rank") == "\(rank)" }
        }
    }

    public func signal(_ signal: Int32) { kill(id, signal) }

    // MARK: Waiting

    /// Looks again and again until there is something to see.
    public func wait<Value>(
        for what: String, within seconds: Double = 30, _ look: () throws -> Value?
    ) throws -> Value {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if let value = try look() { return value }
            guard ContinuousClock.now < deadline else {
                throw Late(description: "\(what): not within \(seconds) s\n\(output)\n\(errors)")
            }
            usleep(2_000)
        }
    }

    /// Waits for its end; throws when that takes longer.
    public func finish(within seconds: Double = 60) throws -> Outcome {
        _ = try wait(for: "the end of \(process.arguments ?? [])", within: seconds) {
            _ = processes
            return process.isRunning ? nil : true
        }
        return Outcome(
            exitCode: process.terminationReason == .exit ? process.terminationStatus : nil, output: output,
            errors: errors, seconds: started.duration(to: .now) / .seconds(1))
    }

    /// The processes and sockets that are still there. Waits for stragglers where nobody could see to their end: after
    /// the coordinator was killed.
    public func leftovers(within seconds: Double = 0) -> [String] {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let found = traces
            if found.isEmpty || ContinuousClock.now >= deadline { return found }
            usleep(10_000)
        }
    }

    private var traces: [String] {
        processes.map { "process \($0.id) (\($0.state)): \($0.arguments.joined(separator: " "))" }
            + socketFolders.filter { FileManager.default.fileExists(atPath: $0) }
    }
}
