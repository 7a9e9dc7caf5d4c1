import Glibc
import Systems

/// What a folder that is to become a run's directory holds already.
struct RunFolder {
    let path: String
    let exists: Bool
    let names: [String]

    /// - Throws: bad input where the path is no folder that can be read.
    init(_ path: String) throws(RunFailure) {
        self.path = path
        do {
            names = try File.names(in: path)
            exists = true
        } catch {
            guard error.reason == .system(ENOENT) else { throw RunFailure(path, error) }
            names = []
            exists = false
        }
    }

    /// One that can be read.
    init(_ directory: RunDirectory) {
        path = directory.path
        names = (try? File.names(in: path)) ?? []
        exists = true
    }

    /// What runs write, beside weights.
    static func isOurs(_ name: String) -> Bool {
        let written: Set = [
            "lock", "pipeline.yaml", "products.txt", "run.json", "live.json", "metrics.jsonl", "metrics.csv",
            "tensorboard",
            "evaluations.jsonl", "attempts.jsonl", "diagnosis.txt", "report.json", "steps",
            "events", "logs", "attempts", "pretrained", "best",
        ]
        return written.contains(name) || name.hasSuffix(".partial")
    }

    private var directory: RunDirectory { RunDirectory(path) }

    /// Steps that were finished: the lines of metrics.jsonl.
    var steps: Int {
        var count = 0
        let file = open(directory.metricsPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let read = read(file, &buffer, buffer.count)
            guard read > 0 else { return count }
            count += buffer[..<read].count { $0 == UInt8(ascii: "\n") }
        }
    }

    /// A run's last weights, or those of a step on the way.
    var hasWeights: Bool { hasCheckpoints || names.contains { $0.hasSuffix(".safetensors") } }

    /// Whether a checkpoint lies in `steps`; one that was not finished is none.
    var hasCheckpoints: Bool {
        let steps = (try? File.names(in: directory.stepsPath)) ?? []
        return steps.contains { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }

    /// Whether its run came to its end; runs on devices that compute nothing leave no weights.
    var isDone: Bool { (try? LiveStatus.read(directory))?.state == .done }

    var logs: [String] {
        ((try? File.names(in: directory.logsPath)) ?? []).map { "\(directory.logsPath)/\($0)" }
    }

    /// Whether a worker's log holds more than the messages that the coordinator has printed: the output of a crash.
    var hasTellingLogs: Bool {
        logs.contains { path in
            let text = (try? File.text(path, limit: 1 << 20)) ?? "too long to look through"
            return text.split(separator: "\n").contains { !$0.hasPrefix("echelon: ") }
        }
    }

    static func inUse(_ path: String) -> RunFailure {
        .badInput("run directory \(path.printable()) is in use by another run: choose another with --run-dir")
    }

    // MARK: Making way

    /// An attempt that was moved aside.
    struct Kept {
        var path: String
        /// `stopped after step 12`
        var place: String
    }

    /// Moves an unfinished run of the same manifest aside; whatever else is there stays, and is refused.
    /// - Returns: nil where the folder may be taken as it is: it is empty, or a claim that came to nothing.
    func makeWay(for manifest: String) throws(RunFailure) -> Kept? {
        guard !names.isEmpty else { return nil }
        guard names.contains("lock") else {
            throw .badInput(
                names.contains("pipeline.yaml")
                    ? "run directory \(path.printable()) already holds a run: remove it, or choose another with --run-dir"
                    : "run directory \(path.printable()) is not empty (it holds \(shownNames)), and no run of this program "
                        + "made it: choose another with --run-dir")
        }
        let lock = open(path + "/lock", O_RDWR | O_CLOEXEC)
        guard lock >= 0 else { throw RunFailure(path, SystemError("open", path + "/lock")) }
        defer { close(lock) }
        guard RunClaim.takeLock(lock), isStillThere(lock) else { throw Self.inUse(path) }
        let whole = Set(names.filter { !$0.hasSuffix(".partial") })
        if whole.isSubset(of: ["lock", "events", "logs"]), logs.isEmpty { return nil }
        guard !hasCheckpoints || isDone else {
            throw .badInput(
                "run directory \(path.printable()) holds an unfinished run with checkpoints: go on with --resume auto, or "
                    + "choose another with --run-dir")
        }
        guard !hasWeights, !isDone else {
            throw .badInput(
                "run directory \(path.printable()) already holds a run: remove it, or choose another with --run-dir")
        }
        guard (try? File.text(directory.manifestPath, limit: 1 << 24)) == manifest else {
            throw .badInput(
                "run directory \(path.printable()) already holds an unfinished run of another pipeline: remove it, or "
                    + "choose another with --run-dir")
        }
        let place = steps == 0 ? "before step 1" : "stopped after step \(steps)"
        return Kept(path: try moveAside(), place: place)
    }

    private var shownNames: String {
        names.prefix(3).map { $0.printable(limit: 64) }.joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }

    /// Whether the locked file is the one that the path names: another process may have moved the folder meanwhile.
    private func isStillThere(_ lock: Int32) -> Bool {
        var (held, named) = (stat(), stat())
        return fstat(lock, &held) == 0 && stat(path + "/lock", &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }

    /// What is of no use to anybody: nobody goes on writing it.
    private static func removeHalfWritten(in path: String) {
        let steps = RunDirectory(path).stepsPath
        for name in (try? File.names(in: path)) ?? [] where name.hasSuffix(".partial") {
            File.remove("\(path)/\(name)")
        }
        for name in (try? File.names(in: steps)) ?? [] where name.contains(".tmp-") { File.remove("\(steps)/\(name)") }
        rmdir(steps)
    }

    /// To the first free one of `PATH.1`, `PATH.2`, ….
    private func moveAside() throws(RunFailure) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        for number in 1...9999 {
            let aside = "\(path).\(number)"
            // An empty folder of that name would be replaced.
            guard !File.exists(aside) else { continue }
            guard rename(self.path, aside) == 0 else { throw RunFailure(self.path, SystemError("rename", self.path)) }
            Self.removeHalfWritten(in: aside)
            return aside
        }
        throw .badInput("\(path.printable()).1 to .9999 are taken: remove some, or choose a folder with --run-dir")
    }
}
