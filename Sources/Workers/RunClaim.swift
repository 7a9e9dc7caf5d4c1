import Foundation
import Glibc
package import Reports

/// A run directory that this process holds: nobody else writes there while the run lives.
package final class RunClaim {
    package let directory: RunDirectory
    private let lock: Int32

    /// Takes the folder the user named, or the first free one of `runs/NAME`, `runs/NAME-2`, ….
    /// - Throws: bad input when the named folder is in use or already holds a run.
    package init(named path: String?, run name: String) throws(RunFailure) {
        let path = if let path { path } else { try Self.freePath(name) }
        directory = RunDirectory(path)
        for folder in [directory.eventsPath, directory.logsPath] {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw .badInput("run directory \(path): \(error.localizedDescription)")
            }
        }
        lock = open(path + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw .badInput("run directory \(path): \(String(cString: strerror(errno)))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .badInput("run directory \(path) is in use by another run: choose another with --run-dir")
        }
        guard !FileManager.default.fileExists(atPath: directory.manifestPath) else {
            close(lock)
            throw .badInput("run directory \(path) already holds a run: remove it, or choose another with --run-dir")
        }
    }

    deinit { close(lock) }

    private static func freePath(_ name: String) throws(RunFailure) -> String {
        for number in 1...9999 {
            let path = number == 1 ? "runs/\(name)" : "runs/\(name)-\(number)"
            if !FileManager.default.fileExists(atPath: path) { return path }
        }
        throw .badInput("runs/ holds 9,999 runs named \(name): remove some, or choose a folder with --run-dir")
    }
}

extension RunDirectory {
    /// The resolved manifest: what workers and `generate` read.
    var manifestPath: String { path + "/pipeline.yaml" }
    var weightsPath: String { path + "/model.safetensors" }
    var logsPath: String { path + "/logs" }

    func logPath(rank: Int) -> String { "\(logsPath)/rank-\(rank).log" }
}
