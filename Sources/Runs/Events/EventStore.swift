import Glibc
import Systems

/// Writes what the ranks of a run log, within a number of bytes. A reader finds whole records in every file at any
/// time.
///
///     let events = EventStore(directory, budget: 256 << 20)
///     try events.register(RankLog(rank: 0, device: "cpu:0", host: "here"))
///     try events.append(chunk: bytes, rank: 0)
public final class EventStore {
    private let directory: RunDirectory
    private var budget: EventBudget
    private var ranks: [Int: RankFiles] = [:]
    /// Of all events so far, those that were not kept too.
    public private(set) var loggedBytes = 0

    /// - Parameters:
    ///   - directory: the run's.
    ///   - budget: bytes of all ranks' files together.
    public init(_ directory: RunDirectory, budget: Int) {
        self.directory = directory
        self.budget = EventBudget(bytes: budget)
    }

    /// Creates the rank's file. A rank that is known already is left as it is.
    public func register(_ log: RankLog) throws {
        guard ranks[log.rank] == nil else { return }
        ranks[log.rank] = try RankFiles(directory, log)
    }

    /// Appends a chunk as `EventLog.encode` made it; one that does not decode, or that goes back in steps, is refused.
    /// - Throws: `RunError` for such a chunk, `SystemError` where it could not be written; files hold whole records
    /// then too, and the next chunk may follow.
    public func append(chunk: [UInt8], rank: Int) throws {
        guard let files = ranks[rank] else { return }
        let events = try EventLog.decode(chunk, from: "events of rank \(rank)")
        loggedBytes += chunk.count
        var begin = 0
        while begin < events.count {
            let step = events[begin].step
            let end = events[begin...].firstIndex { $0.step != step } ?? events.count
            let size = EventLog.recordSize
            try append(Array(chunk[begin * size..<end * size]), step: step, to: files)
            begin = end
        }
    }

    private func append(_ bytes: [UInt8], step: Int, to files: RankFiles) throws {
        try files.checkOrder(step)
        let written = try files.append(bytes, at: budget.place(ofStep: step))
        for outdated in budget.add(written, step: step) {
            for other in ranks.values { other.delete(outdated) }
        }
    }

    /// Records a reading of a rank's clock.
    public func append(_ reading: ClockReading, rank: Int) { ranks[rank]?.add(reading) }

    /// Closes all files and forgets the ranks: chunks that come later are dropped.
    public func close() throws {
        defer { ranks = [:] }
        for files in ranks.values { try files.close() }
    }
}

/// The files of one rank. Two are open at most, so that many ranks do not need many descriptors.
private final class RankFiles {
    private let directory: RunDirectory
    private let log: RankLog
    private var lastStep = -1
    /// Of the first steps, then of the newest.
    private var main: EventFileWriter
    private var mainPart = EventPart.first
    /// Readings that no file has yet, for each of the two kinds of files.
    private var readings: [ClockReading] = []
    private var sampleReadings: [ClockReading] = []
    /// Each heartbeat brings a reading, and steps may take hours: more readings than this add nothing.
    private static let readingLimit = 4

    init(_ directory: RunDirectory, _ log: RankLog) throws {
        self.directory = directory
        self.log = log
        main = try EventFileWriter(path: EventPart.first.path(rank: log.rank, in: directory), log: log)
    }

    func checkOrder(_ step: Int) throws {
        guard step >= lastStep else {
            throw RunError.inconsistent(
                rank: log.rank, step: step, expected: "steps that rise", got: "it after step \(lastStep)")
        }
        lastStep = step
    }

    func add(_ reading: ClockReading) {
        readings = readings.suffix(Self.readingLimit - 1) + [reading]
        sampleReadings = sampleReadings.suffix(Self.readingLimit - 1) + [reading]
    }

    /// - Returns: how many bytes went into each file.
    func append(_ bytes: [UInt8], at place: EventBudget.Place) throws -> Int {
        if case .later(let segment, let level) = place {
            if mainPart != .newest(segment: segment) { try begin(.newest(segment: segment)) }
            if let level { try appendSample(bytes, level: level) }
        }
        let whole = readings.flatMap { EventLog.encode($0) } + bytes
        try main.write(whole)
        readings = []
        return whole.count
    }

    private func begin(_ part: EventPart) throws {
        let next = try EventFileWriter(path: part.path(rank: log.rank, in: directory), log: log)
        try? main.close()
        main = next
        mainPart = part
    }

    private func appendSample(_ bytes: [UInt8], level: Int) throws {
        let path = EventPart.sample(level: level).path(rank: log.rank, in: directory)
        let file =
            File.exists(path) ? try EventFileWriter(continuing: path) : try EventFileWriter(path: path, log: log)
        try file.write(sampleReadings.flatMap { EventLog.encode($0) } + bytes)
        sampleReadings = []
        try file.close()
    }

    func delete(_ outdated: EventBudget.Outdated) {
        switch outdated {
        case .segment(let number): unlink(EventPart.newest(segment: number).path(rank: log.rank, in: directory))
        case .level(let level): unlink(EventPart.sample(level: level).path(rank: log.rank, in: directory))
        }
    }

    func close() throws { try main.close() }
}
