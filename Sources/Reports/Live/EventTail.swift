import Glibc
import Runs

/// Reads one rank's newest events while its files grow: each call returns what came since the last one.
struct EventTail {
    private let rank: Int
    private let directory: RunDirectory
    /// The file that is read at the moment; of the sample nothing is read.
    private var part = EventPart.first
    /// Of the next record to read.
    private var position = 0
    /// The header's fields and the newest readings of the clock; events are not kept here.
    private(set) var log: RankLog?
    private static let readingLimit = 1 << 12

    struct News {
        var events: [Event] = []
        /// Events lie between the ones returned before and these.
        var hasGap = false
    }

    init(rank: Int, of directory: RunDirectory) {
        self.rank = rank
        self.directory = directory
    }

    /// - Parameters:
    ///   - parts: the rank's files, as they were listed just now.
    ///   - limit: events at most; of more than that, the newest.
    /// - Returns: nothing while there is no file or its header is not whole.
    mutating func read(_ parts: [EventPart], limit: Int) throws -> News {
        var news = News()
        let newest = parts.filter { part in if case .sample = part { false } else { part >= self.part } }
        if newest.first != part, position > 0 { news.hasGap = true }
        for next in newest {
            if next != part {
                // Whatever follows the file's last record was not written whole.
                part = next
                position = 0
            }
            let more = try read(limit: limit)
            if more.hasGap { news = News(events: [], hasGap: true) }
            news.events += more.events
            if news.events.count > limit {
                news = News(events: news.events.suffix(limit), hasGap: true)
            }
        }
        return news
    }

    private mutating func read(limit: Int) throws -> News {
        let path = part.path(rank: rank, in: directory)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return News() }
        defer { close(file) }
        let head = Self.bytes(of: file, at: 0, count: EventFile.largestHeader)
        guard head.count >= EventFile.fixedHeaderSize else { return News() }
        var (log, size) = try EventFile.parseHeader(head, from: path)
        log.readings = self.log?.readings ?? []
        self.log = log
        return try events(of: file, path, from: max(position, size), limit: limit)
    }

    private mutating func events(of file: Int32, _ path: String, from start: Int, limit: Int) throws -> News {
        var status = stat()
        guard fstat(file, &status) == 0 else { return News() }
        let unread = max(0, Int(status.st_size) - start) / EventLog.recordSize
        let skipped = max(0, unread - limit)
        let from = start + skipped * EventLog.recordSize
        let bytes = Self.bytes(of: file, at: from, count: (unread - skipped) * EventLog.recordSize)
        let whole = bytes.count / EventLog.recordSize * EventLog.recordSize
        position = from + whole
        var news = News(events: [], hasGap: skipped > 0)
        try bytes.withUnsafeBytes { raw in
            for place in stride(from: 0, to: whole, by: EventLog.recordSize) {
                switch try EventLog.record(raw, at: place, name: "\(path), byte \(from + place)") {
                case .event(let event): news.events.append(event)
                case .reading(let reading): log?.readings.append(reading)
                }
            }
        }
        if let count = log?.readings.count, count > Self.readingLimit {
            log?.readings.removeFirst(count - Self.readingLimit)
        }
        return news
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
