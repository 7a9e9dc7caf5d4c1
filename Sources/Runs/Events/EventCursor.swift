import Systems

/// Reads one file of events a step at a time: no more of it is in memory than one step and a piece of a megabyte.
///
/// Bytes that are no event, or steps that decrease, are an error that names the byte.
struct EventCursor {
    /// A step as the file has it.
    struct Step {
        var number: Int
        /// Empty where only counted.
        var events: [Event]
        var count: Int
        /// The update that ends a step is there.
        var isWhole: Bool
    }

    private let stream: FileStream
    private var bytes: [UInt8]
    /// Of the next record in `bytes`.
    private var place = 0
    /// The header, and the readings of the clock that were passed so far.
    private(set) var log: RankLog
    /// Bytes of a record that was not written whole, at the file's end.
    private(set) var cutOff = 0
    private var pending: Event?

    private static let pieceSize = EventLog.recordSize << 14
    /// More events of one step and rank than this are too many for any report.
    private static let stepLimit = 1 << 20
    private static let readingLimit = 1 << 14

    init(_ path: String) throws {
        stream = try FileStream(path)
        bytes = []
        _ = try stream.read(EventFile.largestHeader, into: &bytes)
        (log, place) = try EventFile.parseHeader(bytes, from: path)
        pending = try nextEvent()
    }

    /// The number of the next step; nil at the end.
    var next: Int? { pending?.step }

    /// Reads the next step.
    /// - Parameter keepsEvents: false: they are checked and counted only.
    mutating func take(keepsEvents: Bool) throws -> Step? {
        guard var event = pending else { return nil }
        var step = Step(number: event.step, events: [], count: 0, isWhole: false)
        while true {
            step.count += 1
            step.isWhole = step.isWhole || event.kind == .optimizer
            if keepsEvents {
                guard step.count <= Self.stepLimit else {
                    throw RunError.malformed(
                        file: stream.path, expected: "at most \(Self.stepLimit) events of a step",
                        got: "more in step \(step.number)")
                }
                step.events.append(event)
            }
            pending = try nextEvent()
            guard let following = pending, following.step == step.number else { return step }
            event = following
        }
    }

    private mutating func nextEvent() throws -> Event? {
        while true {
            if bytes.count - place < EventLog.recordSize, try !refill() { return nil }
            let at = stream.offset - (bytes.count - place)
            let name = { [path = stream.path] in "\(path), byte \(at)" }
            let record = try bytes.withUnsafeBytes { try EventLog.record($0, at: place, name: name()) }
            place += EventLog.recordSize
            switch record {
            case .reading(let reading): add(reading)
            case .event(let event):
                guard event.step >= pending?.step ?? 0 else {
                    throw RunError.malformed(
                        file: name(), expected: "steps that rise", got: "\(event.step) after \(pending?.step ?? 0)")
                }
                return event
            }
        }
    }

    /// - Returns: whether there is a whole record now.
    private mutating func refill() throws -> Bool {
        bytes.removeFirst(place)
        place = 0
        _ = try stream.read(Self.pieceSize, into: &bytes)
        if bytes.count < EventLog.recordSize { cutOff = bytes.count }
        return bytes.count >= EventLog.recordSize
    }

    /// Of more readings than a clock curve needs, every other one is kept.
    private mutating func add(_ reading: ClockReading) {
        log.readings.append(reading)
        guard log.readings.count > Self.readingLimit else { return }
        log.readings = log.readings.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }
}

/// Everything that a rank's files hold, as one sequence of steps that rise.
struct RankEvents {
    private var cursors: [EventCursor] = []
    private let rank: Int

    /// Skips files that the run deleted meanwhile, and files without a whole header.
    init(rank: Int, parts: [EventPart], in directory: RunDirectory) throws {
        self.rank = rank
        for part in parts {
            let path = part.path(rank: rank, in: directory)
            do {
                cursors.append(try EventCursor(path))
            } catch let error as SystemError where error.isMissing && part != .first {
                continue
            }
        }
    }

    var next: Int? { cursors.compactMap(\.next).min() }

    /// Reads the next step. Where two files have it, one of them only half, the fuller one counts.
    mutating func take(keepsEvents: Bool) throws -> EventCursor.Step? {
        guard let number = next else { return nil }
        var fullest: EventCursor.Step?
        for index in cursors.indices where cursors[index].next == number {
            guard let step = try cursors[index].take(keepsEvents: keepsEvents) else { continue }
            if step.count > fullest?.count ?? -1 { fullest = step }
        }
        return fullest
    }

    /// Without events: the fields of the header, and all readings in the order of the rank's clock.
    var log: RankLog {
        var log = cursors.first?.log ?? RankLog(rank: rank)
        guard cursors.count > 1 else { return log }
        let all = Set(cursors.flatMap(\.log.readings))
        log.readings = all.sorted { ($0.own, $0.coordinator) < ($1.own, $1.coordinator) }
        return log
    }

    var notes: [String] {
        cursors.filter { $0.cutOff > 0 }.map {
            "rank \(rank): the last \($0.cutOff) bytes of its event file are a cut-off record and were left out"
        }
    }
}
