import Scheduling
import Systems

/// The binary form of events: fixed records of 56 bytes, little-endian, the same in control messages and in files.
///
/// | Offset | Size | Field                                    |
/// |-------:|-----:|------------------------------------------|
/// |      0 |    1 | kind                                     |
/// |      1 |    1 | pass as its ASCII letter; 0: none        |
/// |      2 |    2 | zero                                     |
/// |      4 |    4 | stage, below 2^31                        |
/// |      8 |    4 | micro-batch, below 2^31                  |
/// |     12 |    4 | peer; 0xffffffff: none                   |
/// |     16 |    8 | step                                     |
/// |     24 |    8 | start, ns                                |
/// |     32 |    8 | end, ns                                  |
/// |     40 |    8 | sent, ns                                 |
/// |     48 |    8 | bytes                                    |
///
/// In files, a record of kind 255 is a reading of the rank's clock: start and end are what it said, sent is the
/// coordinator's clock at that instant, bytes how many nanoseconds that may be off.
public enum EventLog {
    /// Bytes of one record.
    public static let recordSize = 56
    /// Chunks of this many bytes fit a control message.
    public static let chunkLimit = 60 * 1024
    /// Times, steps and byte counts at or above this cannot come from a real run.
    package static let valueLimit: UInt64 = 1 << 60
    private static let noPeer = UInt32.max
    private static let readingKind: UInt8 = 255

    /// Encodes as many of the events as fit in `limit` bytes, and says how many that were.
    public static func encode(
        _ events: ArraySlice<Event>, limit: Int = chunkLimit
    ) -> (bytes: [UInt8], consumed: Int) {
        let count = min(events.count, max(0, limit) / recordSize)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * recordSize)
        for event in events.prefix(count) { append(event, to: &bytes) }
        return (bytes, count)
    }

    /// Decodes whole records; anything else than whole, valid records is an error that names the record.
    public static func decode(_ bytes: [UInt8], from file: String = "event chunk") throws -> [Event] {
        guard bytes.count % recordSize == 0 else {
            throw RunError.malformed(
                file: file, expected: "records of \(recordSize) bytes", got: "\(bytes.count) bytes")
        }
        return try bytes.withUnsafeBytes { raw in
            try (0..<raw.count / recordSize).map { index in
                try event(raw, at: index * recordSize, name: "\(file), record \(index)")
            }
        }
    }

    /// What a file's record holds.
    package enum Record {
        case event(Event)
        case reading(ClockReading)
    }

    /// Decodes a file's record.
    /// - Parameter name: the file and the place in it, for errors.
    package static func record(
        _ raw: UnsafeRawBufferPointer, at offset: Int, name: @autoclosure () -> String
    ) throws -> Record {
        if raw[offset] == readingKind { return .reading(try reading(raw, at: offset, name: name())) }
        // A record of zeros would be a forward at time zero: what a disk or a crash leaves where bytes are missing.
        if raw[offset] == 0, raw[offset..<offset + recordSize].allSatisfy({ $0 == 0 }) {
            throw RunError.malformed(
                file: name(), expected: "an event", got: "zeros: the file was cut off there, or is damaged")
        }
        return .event(try event(raw, at: offset, name: name()))
    }

    static func encode(_ reading: ClockReading) -> [UInt8] {
        var bytes = [readingKind] + [UInt8](repeating: 0, count: 11)
        bytes.appendLittleEndian(noPeer)
        for value in [0, reading.own, reading.own, reading.coordinator, reading.error] {
            bytes.appendLittleEndian(value)
        }
        return bytes
    }

    private static func reading(
        _ raw: UnsafeRawBufferPointer, at offset: Int, name: @autoclosure () -> String
    ) throws -> ClockReading {
        let values = [24, 40, 48].map { raw.littleEndian(UInt64.self, at: offset + $0) }
        guard values.allSatisfy({ $0 < valueLimit }) else {
            throw RunError.malformed(
                file: name(), expected: "clocks and their error below 2^60 ns",
                got: values.map(String.init).joined(separator: ", "))
        }
        return ClockReading(own: values[0], coordinator: values[1], error: values[2])
    }

    private static func append(_ event: Event, to bytes: inout [UInt8]) {
        bytes.append(event.kind.rawValue)
        bytes.append(event.instruction?.pass.rawValue.asciiValue ?? 0)
        bytes.appendLittleEndian(UInt16(0))
        bytes.appendLittleEndian(Int32(clamping: event.instruction?.stage ?? 0))
        bytes.appendLittleEndian(Int32(clamping: event.instruction?.microBatch ?? 0))
        bytes.appendLittleEndian(event.peer.map { UInt32(clamping: $0) } ?? noPeer)
        bytes.appendLittleEndian(UInt64(clamping: event.step))
        bytes.appendLittleEndian(event.start)
        bytes.appendLittleEndian(event.end)
        bytes.appendLittleEndian(event.sent)
        bytes.appendLittleEndian(UInt64(clamping: event.bytes))
    }

    private static func event(
        _ raw: UnsafeRawBufferPointer, at offset: Int, name: @autoclosure () -> String
    ) throws -> Event {
        guard let kind = EventKind(rawValue: raw[offset]) else {
            throw RunError.malformed(file: name(), expected: "a known event kind", got: "\(raw[offset])")
        }
        let peer = raw.littleEndian(UInt32.self, at: offset + 12)
        func wide(_ index: Int) -> UInt64 { raw.littleEndian(UInt64.self, at: offset + 16 + 8 * index) }
        let (step, start, end, sent, bytes) = (wide(0), wide(1), wide(2), wide(3), wide(4))
        guard step < valueLimit, start <= end, end < valueLimit, sent < valueLimit, bytes < valueLimit else {
            throw RunError.malformed(
                file: name(), expected: "step, start ≤ end, sent and bytes below 2^60",
                got: "\(step), \(start), \(end), \(sent), \(bytes)")
        }
        return Event(
            kind, step: Int(step), instruction: try instruction(raw, at: offset, name: name()),
            peer: peer == noPeer ? nil : Int(peer), start: start, end: end, sent: sent, bytes: Int(bytes))
    }

    private static func instruction(
        _ raw: UnsafeRawBufferPointer, at offset: Int, name: @autoclosure () -> String
    ) throws -> Instruction? {
        let letter = raw[offset + 1]
        guard letter != 0 else { return nil }
        guard let pass = passes[Int(letter)] else {
            throw RunError.malformed(file: name(), expected: "a pass F, B, I or W", got: "byte \(letter)")
        }
        let stage = raw.littleEndian(Int32.self, at: offset + 4)
        let microBatch = raw.littleEndian(Int32.self, at: offset + 8)
        guard stage >= 0, microBatch >= 0 else {
            throw RunError.malformed(
                file: name(), expected: "stage and micro-batch below 2^31", got: "\(stage) and \(microBatch)")
        }
        return Instruction(pass, stage: Int(stage), microBatch: Int(microBatch))
    }

    /// By ASCII letter.
    private static let passes: [Pass?] = (0...255).map { Pass(rawValue: Character(UnicodeScalar(UInt8($0)))) }
}

extension [UInt8] {
    mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    func littleEndian<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}
