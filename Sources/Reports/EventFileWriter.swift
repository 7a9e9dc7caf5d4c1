import Foundation

/// Appends events to one rank's file; what was appended is in the file when the call returns.
public final class EventFileWriter {
    public let path: String
    private let handle: FileHandle

    /// Creates the file and writes its header from `log`, whose events (if any) are appended too.
    ///
    /// An existing file is an error: the clock of another process does not continue this one's.
    public init(path: String, log: RankLog) throws {
        self.path = path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0o644)
        guard descriptor >= 0 else {
            throw ReportError.io(operation: "create", path: path, reason: String(cString: strerror(errno)))
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try write(EventFile.header(log))
        try append(log.events)
    }

    public func append(_ events: [Event]) throws {
        guard !events.isEmpty else { return }
        try write(EventLog.encode(events[...], limit: .max).bytes)
    }

    /// Appends a chunk as `EventLog.encode` made it; a chunk that does not decode is refused and nothing is written.
    public func append(chunk: [UInt8]) throws {
        _ = try EventLog.decode(chunk, from: "event chunk for \(path)")
        try write(chunk)
    }

    /// Notes what the rank's clock said.
    public func append(_ reading: ClockReading) throws { try write(EventLog.encode(reading)) }

    public func close() throws {
        do {
            try handle.close()
        } catch {
            throw ReportError.io(operation: "close", path: path, reason: error.localizedDescription)
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw ReportError.io(operation: "write", path: path, reason: error.localizedDescription)
        }
    }
}
