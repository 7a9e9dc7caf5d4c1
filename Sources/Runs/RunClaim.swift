import Glibc
import Systems

/// A run directory that this process holds by a lock: no other process writes there while the run lives.
///
/// The same command line works again after a run that ended early. A claim without results (no step, nothing in any
/// log) is removed at its end, unless a run was to go on there; an unfinished run of the same pipeline makes room for the next
/// one, and is kept beside it.
package final class RunClaim {
    package let directory: RunDirectory
    /// A note to the user about the folder.
    package private(set) var note: String?
    private let lock: Int32
    private let madeFolder: Bool
    /// Whether a run goes on that was there before.
    private let goesOn: Bool

    /// Takes the folder the user named, or the first free one of `runs/NAME`, `runs/NAME-2`, ….
    /// - Parameter manifest: the run's resolved manifest, by which an unfinished run is known as the same.
    /// - Throws: bad input when the named folder is in use, or holds anything but an unfinished run of this manifest.
    package init(
        named path: String?, run name: String, manifest: String, under folder: String = "runs"
    ) throws(RunFailure) {
        guard path?.isEmpty != true else { throw .badInput("--run-dir: expected a folder, got an empty name") }
        if let path {
            let found = try RunFolder(path)
            let kept = try found.makeWay(for: manifest)
            note = kept.map { kept in
                "run directory \(path.printable()) holds an unfinished run (\(kept.place)): starting over; "
                    + "it is kept as \(kept.path.printable())"
            }
            madeFolder = kept != nil || !found.exists
            if madeFolder { try Self.make(path, for: path) }
            directory = RunDirectory(path)
        } else {
            directory = RunDirectory(try Self.makeFree(name, under: folder))
            madeFolder = true
        }
        lock = try Self.lock(directory.path)
        goesOn = false
        try prepare()
    }

    /// Takes the folder of a run that is to go on: all that it holds stays.
    /// - Throws: bad input where it is in use, or none of this program's.
    package init(goingOnIn path: String) throws(RunFailure) {
        guard File.exists(path + "/lock") else {
            throw .badInput("run directory \(path.printable()) is of no run of this program: expected a file `lock`")
        }
        (madeFolder, goesOn) = (false, true)
        directory = RunDirectory(path)
        lock = try Self.lock(path)
        try prepare()
    }

    /// Makes what every run has, and removes what one that was ended was writing: under the lock nobody writes it any more.
    private func prepare() throws(RunFailure) {
        for folder in [directory.eventsPath, directory.logsPath] { try Self.make(folder, for: directory.path) }
        for name in RunFolder(directory).names where name.hasSuffix(".partial") {
            File.remove("\(directory.path)/\(name)")
        }
    }

    /// Unlocked by name: a process that is just being started holds a copy of the open file until its program runs.
    deinit {
        removeIfUnused()
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// A run without a step and without logs leaves no folder.
    private func removeIfUnused() {
        let folder = RunFolder(directory)
        guard !goesOn, folder.steps == 0, !folder.hasWeights, !folder.isDone, !folder.hasTellingLogs else { return }
        for name in folder.names where RunFolder.isOurs(name) { File.remove("\(directory.path)/\(name)") }
        if madeFolder { rmdir(directory.path) }
    }

    private static func make(_ folder: String, for run: String) throws(RunFailure) {
        do { try File.makeFolder(folder) } catch { throw RunFailure(run, error) }
    }

    /// An open file that is locked until it is closed, however this process ends.
    private static func lock(_ path: String) throws(RunFailure) -> Int32 {
        let file = open(path + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw RunFailure(path, SystemError("create", path + "/lock")) }
        guard takeLock(file) else {
            close(file)
            throw RunFolder.inUse(path)
        }
        return file
    }

    /// Tries for some milliseconds: `isHeld` takes the lock for a moment.
    static func takeLock(_ file: Int32) -> Bool {
        for _ in 0..<5 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(2_000)
        }
        return false
    }

    /// Makes the first folder that is not there yet: of two runs that start at once each gets its own.
    private static func makeFree(_ name: String, under folder: String) throws(RunFailure) -> String {
        try make(folder, for: folder)
        for number in 1...9999 {
            let path = number == 1 ? "\(folder)/\(name)" : "\(folder)/\(name)-\(number)"
            if mkdir(path, 0o755) == 0 { return path }
            guard errno == EEXIST else { throw RunFailure(path, SystemError("make the folder", path)) }
        }
        throw .badInput(
            "\(folder)/ holds 9,999 runs named \(name): remove some, or choose a folder with --run-dir")
    }
}

extension RunFailure {
    init(_ run: String, _ error: SystemError) {
        self.init(wrapping: error)
        message = "run directory \(run.printable()): \(error)"
    }
}

extension RunDirectory {
    /// Whether a process holds the lock that its run takes; nil where that cannot be told.
    package var isHeld: Bool? {
        let file = open(path + "/lock", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return errno == ENOENT ? false : nil }
        defer { close(file) }
        if flock(file, LOCK_SH | LOCK_NB) == 0 { return false }
        return errno == EWOULDBLOCK ? true : nil
    }

    /// The resolved manifest: what workers and `generate` read.
    package var manifestPath: String { path + "/pipeline.yaml" }
    /// The table of the libraries that compute matrix products, of a run that has one.
    package var productsPath: String { path + "/products.txt" }
    package var weightsPath: String { path + "/model.safetensors" }
    /// The configuration and the tokenizer of a pretrained model, as they were when the run began.
    package var pretrainedPath: String { path + "/pretrained" }
    package var logsPath: String { path + "/logs" }

    package func logPath(rank: Int) -> String { "\(logsPath)/rank-\(rank).log" }
}
