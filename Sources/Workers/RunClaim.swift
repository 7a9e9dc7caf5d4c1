import Foundation
import Glibc
package import Reports

/// A run directory that this process holds: nobody else writes there while the run lives.
package final class RunClaim {
    package let directory: RunDirectory
    private let lock: Int32

    /// Takes the folder the user named, or the first free one of `runs/NAME`, `runs/NAME-2`, ….
    /// - Throws: bad input when the named folder is in use or already holds a run.
    package init(named path: String?, run name: String, under folder: String = "runs") throws(RunFailure) {
        guard path?.isEmpty != true else { throw .badInput("--run-dir: expected a folder, got an empty name") }
        let path = if let path { path } else { try Self.makeFree(name, under: folder) }
        directory = RunDirectory(path)
        try Self.make(path, for: path)
        lock = try Self.lock(path)
        guard !FileManager.default.fileExists(atPath: directory.manifestPath) else {
            throw .badInput("run directory \(path) already holds a run: remove it, or choose another with --run-dir")
        }
        for folder in [directory.eventsPath, directory.logsPath] { try Self.make(folder, for: path) }
    }

    /// Unlocked by name: a process that is just being started holds a copy of the open file until its program runs.
    deinit {
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func make(_ folder: String, for run: String) throws(RunFailure) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .badInput("run directory \(run): \(error.localizedDescription)")
        }
    }

    /// An open file that is locked until it is closed, however this process ends.
    private static func lock(_ path: String) throws(RunFailure) -> Int32 {
        let file = open(path + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .badInput("run directory \(path): \(String(cString: strerror(errno)))") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw .badInput("run directory \(path) is in use by another run: choose another with --run-dir")
        }
        return file
    }

    /// Makes the first folder that is not there yet: of two runs that start at once each gets its own.
    private static func makeFree(_ name: String, under folder: String) throws(RunFailure) -> String {
        try make(folder, for: folder)
        for number in 1...9999 {
            let path = number == 1 ? "\(folder)/\(name)" : "\(folder)/\(name)-\(number)"
            if mkdir(path, 0o755) == 0 { return path }
            guard errno == EEXIST else {
                throw .badInput("run directory \(path): \(String(cString: strerror(errno)))")
            }
        }
        throw .badInput(
            "\(folder)/ holds 9,999 runs named \(name): remove some, or choose a folder with --run-dir")
    }
}

extension RunDirectory {
    /// The resolved manifest: what workers and `generate` read.
    var manifestPath: String { path + "/pipeline.yaml" }
    var weightsPath: String { path + "/model.safetensors" }
    var logsPath: String { path + "/logs" }

    func logPath(rank: Int) -> String { "\(logsPath)/rank-\(rank).log" }
}
