import Foundation

/// Reads one rank's event file while it grows: each call returns what came since the last one.
struct EventTail {
    private let path: String
    /// Of the next record to read.
    private var position = 0
    /// The header's words and the readings of the clock; its events are not kept here.
    private(set) var log: RankLog?

    struct News {
        var events: [Event] = []
        /// Events lie between the ones returned before and these.
        var hasGap = false
    }

    init(path: String) { self.path = path }

    /// - Parameter limit: events at most; of more than that, the newest.
    /// - Returns: nothing while the file is not there or its header is not whole.
    mutating func read(limit: Int) throws -> News {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return News() }
        defer { close(file) }
        let head = Self.bytes(of: file, at: 0, count: EventFile.largestHeader)
        guard head.count >= EventFile.fixedHeaderSize else { return News() }
        var (log, size) = try EventFile.parseHeader(head, from: path)
        log.readings = self.log?.readings ?? []
        self.log = log
        return try events(of: file, from: max(position, size), limit: limit)
    }

    private mutating func events(of file: Int32, from start: Int, limit: Int) throws -> News {
        var status = stat()
        guard fstat(file, &status) == 0 else { return News() }
        let unread = max(0, Int(status.st_size) - start) / EventLog.recordSize
        let skipped = max(0, unread - limit)
        let from = start + skipped * EventLog.recordSize
        let bytes = Self.bytes(of: file, at: from, count: (unread - skipped) * EventLog.recordSize)
        let whole = bytes.count / EventLog.recordSize * EventLog.recordSize
        position = from + whole
        let (events, readings) = try EventLog.decodeFile(bytes[..<whole], from: path)
        log?.readings += readings
        return News(events: events, hasGap: skipped > 0)
    }

    private static func bytes(of file: Int32, at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(file, buffer.baseAddress! + filled, count - filled, offset + filled)
                guard got > 0 else { return }
                filled += got
            }
        }
    }
}
