import Glibc
package import Runs
package import Systems
package import Transport

/// How the processes of a job find their coordinator: a file beside the run's folder, which all hosts share, for its owner
/// alone. It says where the coordinator listens, and what the run's keys are derived from.
///
///     job: slurm 17 0 2
///     pipeline: 912 bytes, hash …
///     secret: 64 hexadecimal digits
///     coordinator: tcp://10.0.0.1:40711
///
/// Where the run is over before anybody was invited, `over: EXIT CODE, UNIX TIME` takes the last line's place.
package struct Invitation: Sendable {
    package let path: String
    /// Which start of which job.
    package let job: String
    /// Whether no other start has the same text: else a file that was left may be of another.
    package let isUnique: Bool
    /// The pipeline as each process has it, by its contents.
    package let pipeline: String
    /// Where all processes know it by their environment, the file does not say it.
    package let isSecretGiven: Bool
    package let secret: RunSecret

    package static let secretVariable = "ECHELON_JOB_SECRET"
    private static let limit = 1 << 16

    /// - Parameters:
    ///   - directory: the run's.
    ///   - pipeline: the manifest as it was read, resolved.
    /// - Throws: bad input where the environment's secret is none.
    package init(beside directory: String, _ job: JobEnvironment, pipeline: String) throws(RunFailure) {
        var folder = directory[...]
        while folder.count > 1, folder.hasSuffix("/") { folder = folder.dropLast() }
        path = folder + ".job"
        self.job = job.identity.printable(limit: 400)
        isUnique = job.isUnique
        self.pipeline = ContentHash(Array(pipeline.utf8)).description
        let given = getenv(Self.secretVariable).map { String(cString: $0) }
        isSecretGiven = given != nil
        guard let secret = given.map({ RunSecret($0) }) ?? RunSecret() else {
            throw .badInput("\(Self.secretVariable): expected 64 hexadecimal digits")
        }
        self.secret = secret
    }

    // MARK: Rank 0

    /// Takes away what another start left.
    package func clear() { unlink(path) }

    func invite(to coordinator: String) throws(RunFailure) {
        try write(
            isSecretGiven ? ["coordinator: \(coordinator)"] : ["secret: \(secret.text)", "coordinator: \(coordinator)"])
    }

    /// The run is over. Those who were invited have left; who was not, is told.
    package func close(_ code: ExitCode) {
        guard case .coordinator = try? read() else {
            try? write(["over: \(code.rawValue), \(time(nil))"])
            return
        }
        unlink(path)
    }

    private func write(_ lines: [String]) throws(RunFailure) {
        let text = (["job: \(job)", "pipeline: \(pipeline)"] + lines).joined(separator: "\n") + "\n"
        let draft = path + ".partial"
        do throws(SystemError) {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                try File.makeFolder(String(path[..<slash]))
            }
            unlink(draft)
            let file = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw SystemError("create", draft) }
            defer { Glibc.close(file) }
            try File.write(Array(text.utf8), to: file, path: draft)
            try File.move(draft, to: path)
        } catch {
            throw RunFailure(.interrupted, "\(error)")
        }
    }

    // MARK: The others

    package enum Answer: Equatable {
        case coordinator(String, RunSecret)
        /// The exit code, and when that was, seconds.
        case over(Int32, Int)
    }

    /// Seconds for which another start's end may still lie there: rank 0 takes it away first.
    private static let leftover: UInt64 = 5
    /// Seconds by which clocks of two hosts may differ.
    private static let clockError = 60

    /// Waits for rank 0.
    /// - Parameters:
    ///   - directory: the run's, which rank 0 holds by a lock while the run lives.
    ///   - say: told every half a minute what this waits for.
    package func wait(
        _ directory: RunDirectory, limit seconds: Double, say: (String) -> Void
    ) throws(RunFailure) -> (coordinator: String, secret: RunSecret) {
        let start = MonotonicClock.now
        let earliest = time(nil) - Self.clockError
        var said = start
        var overSince: UInt64?
        while true {
            switch try read() {
            case .coordinator(let address, let secret) where isUnique || directory.isHeld != false:
                return (address, secret)
            case .over(let code, let time) where isUnique || time >= earliest:
                let since = overSince ?? MonotonicClock.now
                overSince = since
                guard isUnique || MonotonicClock.now - since > Self.leftover * 1_000_000_000 else { break }
                throw RunFailure(
                    ExitCode(rawValue: code) ?? .interrupted, "rank 0 ended the run before it began; it says why")
            default: overSince = nil
            }
            let now = MonotonicClock.now
            if now - start > UInt64(seconds * 1e9) {
                throw RunFailure(
                    .interrupted,
                    "rank 0 did not invite this worker within \(Int(seconds)) s: expected the file \(path.printable()), in "
                        + "a folder that all hosts share")
            }
            if now - said > 30_000_000_000 {
                say("waiting for rank 0, which writes \(path.printable()): do all hosts share that folder?")
                said = now
            }
            usleep(100_000)
        }
    }

    /// - Returns: nil where the file is not there, or of another start.
    /// - Throws: bad input where it is of this start, and another pipeline's.
    private func read() throws(RunFailure) -> Answer? {
        guard let text = try? File.text(path, limit: Self.limit) else { return nil }
        return try answer(text)
    }

    /// What a file's text says.
    package func answer(_ text: String) throws(RunFailure) -> Answer? {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            values[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
        guard values["job"].map(String.init) == job, let theirs = values["pipeline"] else { return nil }
        guard theirs == pipeline else {
            throw .badInput(
                "the pipeline of this process is \(pipeline), rank 0's \(theirs.printable(limit: 80)): expected the same "
                    + "file and --set options on all hosts")
        }
        if let over = values["over"] {
            let numbers = over.split(separator: ",").map { $0.drop { $0 == " " } }
            guard numbers.count == 2, let code = Int32(numbers[0]), let time = Int(numbers[1]) else { return nil }
            return .over(code, time)
        }
        guard let coordinator = values["coordinator"] else { return nil }
        if isSecretGiven { return .coordinator(String(coordinator), secret) }
        return values["secret"].flatMap { RunSecret($0) }.map { .coordinator(String(coordinator), $0) }
    }
}
