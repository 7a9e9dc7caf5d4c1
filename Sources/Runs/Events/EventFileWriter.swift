import Glibc
import Systems

/// Appends events to one rank's file; what was appended is in the file when the call returns. A call that fails leaves
/// the file as it was, so that later calls append whole records to whole records.
public final class EventFileWriter {
    /// Path of the file that is written.
    public let path: String
    private let file: Int32
    /// Bytes that were written whole.
    private var length: Int
    private var isClosed = false

    /// Creates the file and writes its header from `log`, whose events (if any) are appended too.
    ///
    /// An existing file is an error: the clock of another process does not continue this one's.
    public init(path: String, log: RankLog) throws {
        self.path = path
        length = 0
        file = try File.create(path, flags: O_EXCL | O_APPEND)
        try write(EventFile.header(log))
        try append(log.events)
    }

    /// Goes on with a file that this process made.
    init(continuing path: String) throws(SystemError) {
        self.path = path
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        length = Int(lseek(file, 0, SEEK_END))
    }

    deinit { if !isClosed { Glibc.close(file) } }

    /// Appends events in the order given; those of none write nothing.
    public func append(_ events: [Event]) throws {
        guard !events.isEmpty else { return }
        try write(EventLog.encode(events[...], limit: .max).bytes)
    }

    /// Appends a chunk as `EventLog.encode` made it; a chunk that does not decode is refused and nothing is written.
    public func append(chunk: [UInt8]) throws {
        _ = try EventLog.decode(chunk, from: "event chunk for \(path)")
        try write(chunk)
    }

    /// Records a reading of the rank's clock.
    public func append(_ reading: ClockReading) throws { try write(EventLog.encode(reading)) }

    /// Closes the file, to which nothing may be appended after that; closing again does nothing.
    public func close() throws {
        guard !isClosed else { return }
        isClosed = true
        guard Glibc.close(file) == 0 else { throw SystemError("close", path) }
    }

    /// Whole records.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        do {
            try File.write(bytes, to: file, path: path)
            length += bytes.count
        } catch {
            _ = ftruncate(file, length)
            throw error
        }
    }
}
