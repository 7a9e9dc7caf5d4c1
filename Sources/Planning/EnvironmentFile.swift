import Glibc
package import Runs
import Systems

/// What `.echelon_env` gives to every worker of a run, on whatever host: lines `NAME=VALUE`, as they are, without quotes;
/// empty lines and those that begin with `#` say nothing. The file in the home folder is read first, then the working
/// folder's, which wins.
///
///     try EnvironmentFile.load()["LD_LIBRARY_PATH"]   // "/opt/openblas/lib"
package enum EnvironmentFile {
    package static let name = ".echelon_env"
    /// The most bytes of a file: all variables pass through one pipe that nobody has begun to read.
    private static let limit = 16 << 10

    /// By name, what both files say.
    /// - Throws: bad input, with file and line.
    package static func load() throws(RunFailure) -> [String: String] {
        var variables: [String: String] = [:]
        let home = getenv("HOME").map { String(cString: $0) }
        for folder in [home, "."].compactMap(\.self) {
            let path = folder == "." ? name : "\(folder)/\(name)"
            let text: String
            do throws(SystemError) { text = try File.text(path, limit: limit) } catch {
                if error.isMissing { continue }
                throw .badInput("\(error)")
            }
            variables.merge(try parse(text, path: path)) { $1 }
        }
        return variables
    }

    /// - Parameter path: for messages.
    package static func parse(_ text: String, path: String) throws(RunFailure) -> [String: String] {
        var variables: [String: String] = [:]
        for (index, line) in text.lines.enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            let place = "\(path.printable()):\(index + 1)"
            guard let sign = line.firstIndex(of: "="), isName(line[..<sign]) else {
                // What was found may be a secret.
                throw .badInput("\(place): expected NAME=VALUE, with a name of letters, digits and _, or a # comment")
            }
            let name = String(line[..<sign])
            guard !own.contains(name) else {
                throw .badInput(
                    "\(place): \(name) is each worker's own: its device says how many threads compute; leave it out")
            }
            guard !line.contains("\0") else { throw .badInput("\(place): the value of \(name) holds a zero byte") }
            variables[name] = String(line[line.index(after: sign)...])
        }
        return variables
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    /// What the coordinator sets for each worker.
    private static let own: Set = [
        "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", SecretFile.variable, WorkerKeyVariable.name,
    ]
}
