public import Foundation

import Glibc

/// `runs/NAME`: everything one run leaves behind. Held by a lock while the run lives.
public final class RunDirectory: @unchecked Sendable {
    public let url: URL
    private let lock: Int32

    /// Takes the folder the user named, or the first free one of `runs/NAME`, `runs/NAME-2`, ….
    /// - Throws: a failure when the named folder is in use or already holds a run.
    public static func create(named path: String?, run name: String) throws(RunFailure) -> RunDirectory {
        if let path { return try RunDirectory(URL(filePath: path, directoryHint: .isDirectory), isNew: false) }
        let runs = URL(filePath: "runs", directoryHint: .isDirectory)
        for number in 1...9999 {
            let url = runs.appending(path: number == 1 ? name : "\(name)-\(number)", directoryHint: .isDirectory)
            if !FileManager.default.fileExists(atPath: url.path) { return try RunDirectory(url, isNew: true) }
        }
        throw .badInput("runs/ holds 9,999 runs named \(name): remove some, or choose a folder with --run-dir")
    }

    private init(_ url: URL, isNew: Bool) throws(RunFailure) {
        self.url = url
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .badInput("run directory \(url.path): \(error.localizedDescription)")
        }
        lock = open(url.appending(path: "lock").path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw .badInput("run directory \(url.path): \(String(cString: strerror(errno)))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .badInput("run directory \(url.path) is in use by another run: choose another with --run-dir")
        }
        if !isNew, FileManager.default.fileExists(atPath: manifest.path) {
            close(lock)
            throw .badInput(
                "run directory \(url.path) already holds a run: remove it, or choose another with --run-dir")
        }
        for folder in [events, logs] {
            do {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            } catch {
                throw .badInput("run directory \(folder.path): \(error.localizedDescription)")
            }
        }
    }

    deinit { close(lock) }

    /// The resolved manifest: what `worker` and `generate` read.
    public var manifest: URL { url.appending(path: "pipeline.yaml") }
    public var metrics: URL { url.appending(path: "metrics.jsonl") }
    public var events: URL { url.appending(path: "events", directoryHint: .isDirectory) }
    public var logs: URL { url.appending(path: "logs", directoryHint: .isDirectory) }
    public var weights: URL { url.appending(path: "model.safetensors") }

    public func log(ofRank rank: Int) -> URL { logs.appending(path: "rank-\(rank).log") }
}
