import Foundation

extension RunDirectory {
    /// Reads the run and makes its trace.
    public func trace() throws -> ChromeTrace {
        let description = try description()
        do {
            return try ChromeTrace(description, logs: try logs().logs)
        } catch ReportError.noEvents {
            throw ReportError.noEvents(path: path)
        }
    }
}

extension ChromeTrace {
    /// Writes the trace to a file, piece by piece; an existing file is replaced.
    public func write(toFile path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw ReportError.io(operation: "create", path: path, reason: String(cString: strerror(errno))) }
        do {
            try write { try file.write(contentsOf: Data($0.utf8)) }
            try file.close()
        } catch {
            throw ReportError.io(operation: "write", path: path, reason: error.localizedDescription)
        }
    }
}
