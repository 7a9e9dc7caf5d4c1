import Glibc
package import Runs
import Systems

/// The command that runs another on a host: ssh, or what ECHELON_SSH says.
package struct RemoteShell: Equatable, Sendable {
    /// Words to which the host and the command for its shell are added.
    package let words: [String]

    package init(_ words: [String]) { self.words = words }

    package static let variable = "ECHELON_SSH"

    /// No question that nobody would answer; a host that is gone is noticed; no terminal, which would change the input.
    package static var usual: RemoteShell {
        let given = getenv(variable).map { String(cString: $0).split(separator: " ").map(String.init) } ?? []
        return RemoteShell(
            given.isEmpty
                ? ["ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=5"]
                    + ["-o", "ServerAliveCountMax=3"] : given)
    }

    /// What starts a program on a host as `handOver` says, in a folder.
    ///
    /// The host's shell reads the first lines of the input, each a variable, and becomes the program. So no value stands on
    /// a command line, which everybody can read there, and all are set before the program's libraries are loaded. The rest
    /// of the input stays open: its end is the worker's.
    package func command(host: String, folder: String, program: String, arguments: [String]) -> [String] {
        let read = "while IFS= read -r line && [ -n \"$line\" ]; do export \"$line\"; done"
        let run = ([program] + arguments).map(\.shellQuoted).joined(separator: " ")
        let script = "cd \(folder.shellQuoted) || exit 64; \(read); exec \(run)"
        // Whatever shell the user has there.
        return words + [host, "exec sh -c " + script.shellQuoted]
    }

    /// The first lines of the input; a value ends with its line.
    /// - Throws: bad input where they are more than a pipe holds.
    package static func handOver(_ variables: [String: String]) throws(RunFailure) -> String {
        let text = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined() + "\n"
        guard text.utf8.count <= 60_000 else {
            throw .badInput("the variables for workers have \(text.utf8.count) bytes, expected at most 60,000")
        }
        return text
    }
}
