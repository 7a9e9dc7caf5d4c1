import Glibc
public import Runs
import Systems

extension RunDirectory {
    /// Reads the run and makes its trace: of a long run, that of the steps that its report is based on.
    public func trace() throws -> ChromeTrace {
        let description = try description()
        do {
            return try ChromeTrace(description, logs: try logs().logs)
        } catch RunError.noEvents {
            throw RunError.noEvents(path: path)
        }
    }
}

extension ChromeTrace {
    /// Writes the trace to a file, piece by piece; an existing file is replaced.
    public func write(toFile path: String) throws {
        let file = try File.create(path)
        defer { close(file) }
        try write { try File.write(Array($0.utf8), to: file, path: path) }
    }
}
