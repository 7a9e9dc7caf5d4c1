import Glibc
import Systems
package import Transport

/// A file that `echelon keys` made: who its holder is, and whom it recognises.
///
///     role: worker 1
///     secret: 64 hexadecimal digits
///     coordinator: 64 hexadecimal digits
///
/// The coordinator's has `role: coordinator` and a line `worker N:` for each worker. Lines that begin with `#` are comments.
package enum KeyFile: Hashable, Sendable {
    case coordinator(CoordinatorKeys)
    case worker(WorkerKeys)

    package static let coordinatorName = "coordinator.key"
    package static func workerName(_ rank: Int) -> String { "worker-\(rank).key" }
    private static let limit = 1 << 20

    /// Of the coordinator, for a run in which these ranks are started by hand: only they are let in.
    /// - Parameter path: the file, or the folder with all of them.
    /// - Throws: bad input: another's file, one that others may read, one without a rank's key.
    package static func coordinator(at path: String, ranks: [Int]) throws(RunFailure) -> CoordinatorKeys {
        let file = File.isFolder(path) ? "\(path)/\(coordinatorName)" : path
        switch try read(file) {
        case .worker(let keys):
            throw .badInput(
                "\(file.printable()) is the key of worker \(keys.rank); train takes the coordinator's, \(coordinatorName)"
            )
        case .coordinator(var keys):
            if let missing = ranks.first(where: { keys.workers[$0] == nil }) {
                throw .badInput(
                    "\(file.printable()): worker \(missing) is started by hand and has no key there: make keys with "
                        + "`echelon keys DIR --workers \((ranks.max() ?? missing) + 1)`")
            }
            keys.workers = keys.workers.filter { ranks.contains($0.key) }
            return keys
        }
    }

    /// Of a worker.
    /// - Parameter path: the file, or the folder with all of them.
    /// - Throws: bad input: another's file, or one that others may read.
    package static func worker(at path: String, rank: Int) throws(RunFailure) -> WorkerKeys {
        let file = File.isFolder(path) ? "\(path)/\(workerName(rank))" : path
        switch try read(file) {
        case .worker(let keys) where keys.rank == rank: return keys
        case .worker(let keys):
            throw .badInput("\(file.printable()) is the key of worker \(keys.rank), this is to be --rank \(rank)")
        case .coordinator:
            throw .badInput(
                "\(file.printable()) is the coordinator's key and stays with train; expected \(workerName(rank))")
        }
    }

    private static func read(_ path: String) throws(RunFailure) -> KeyFile {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
            throw .badInput(
                "\(path.printable()): others may read or write it (mode 0\(String(status.st_mode & 0o777, radix: 8))); "
                    + "expected 0600: chmod 600 \(path.printable().shellQuoted)")
        }
        let text: String
        do { text = try File.text(path, limit: limit) } catch { throw .badInput("\(error)") }
        return try KeyFile(text, path: path)
    }

    // MARK: Text

    /// - Parameter path: for messages.
    package init(_ text: String, path: String) throws(RunFailure) {
        var reader = KeyLines(path)
        for (index, line) in text.lines.enumerated() {
            try reader.read(line, number: index + 1)
        }
        self = try reader.finish()
    }

    /// The file's text.
    package var text: String {
        switch self {
        case .coordinator(let keys):
            let workers = keys.workers.sorted { $0.key < $1.key }.map { "worker \($0): \($1.text)" }
            return Self.text("coordinator", "the coordinator", keys.own, workers)
        case .worker(let keys):
            let role = "worker \(keys.rank)"
            return Self.text(role, role, keys.own, ["coordinator: \(keys.coordinator.text)"])
        }
    }

    private static func text(_ role: String, _ name: String, _ own: CurvePair, _ others: [String]) -> String {
        let lines =
            ["# Made by `echelon keys`. Who has this file can take the place of \(name): it is for its owner alone."]
            + ["role: \(role)", "secret: \(own.secret.text)"] + others
        return lines.joined(separator: "\n") + "\n"
    }
}
