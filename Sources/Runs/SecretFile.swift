import Glibc
import Systems
package import Transport

/// Where the processes of a run find its secret: children of the coordinator in their environment, workers started by hand
/// in a file beside the run's manifest. Never on a command line, which everybody can read.
package enum SecretFile {
    /// What children inherit.
    package static let variable = "ECHELON_RUN_SECRET"
    private static let name = "secret"
    /// The file's 64 digits and a line feed, and something for an editor's mistakes.
    private static let limit = 4096

    /// The file beside a manifest.
    package static func path(besides manifest: String) -> String {
        let folder = manifest.lastIndex(of: "/").map { String(manifest[...$0]) } ?? ""
        return folder + name
    }

    /// Writes the file anew, for its owner alone.
    /// - Throws: what a machine may lack: room, a permission.
    package static func write(_ secret: RunSecret, to path: String) throws(RunFailure) {
        unlink(path)
        do throws(SystemError) {
            let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw SystemError("create", path) }
            defer { close(file) }
            try File.write(Array((secret.text + "\n").utf8), to: file, path: path)
        } catch {
            throw RunFailure(.interrupted, "\(error)")
        }
    }

    package static func remove(_ path: String) { unlink(path) }

    /// What a worker knows: as its environment says, which it forgets then; else as the file does.
    /// - Throws: bad input where neither has a secret.
    package static func find(beside manifest: String, named file: String?) throws(RunFailure) -> RunSecret {
        if file == nil, let inherited = takeInherited() { return inherited }
        let path = file ?? path(besides: manifest)
        do {
            if let secret = RunSecret(try File.text(path, limit: limit)) { return secret }
        } catch {
            guard error.isMissing, file == nil else { throw .badInput("\(error)") }
            throw .badInput(
                "\(manifest.printable()): no file \(name) lies beside it: start the worker with the line that train printed "
                    + "(it names the run's own pipeline.yaml), or name the run's file with --secret-file")
        }
        throw .badInput("\(path.printable()): expected a run's secret, 64 hexadecimal digits")
    }

    /// The environment's, taken out of it: what this process starts does not inherit it.
    package static func takeInherited() -> RunSecret? {
        guard let value = getenv(variable) else { return nil }
        defer { unsetenv(variable) }
        return RunSecret(String(cString: value))
    }
}
