internal import Systems

/// A file that holds tokens already: Megatron's sequences, or nanoGPT's one stream.
struct TokenRecords: Sendable {
    private let file: DataFile
    private let index: MegatronIndex?
    private let vocabulary: Int
    /// Tokens of a record of a stream, without the one that is only a target.
    private let stride: Int

    private static let blockBytes = 1 << 20

    init(_ file: DataFile, _ format: RecordFormat, vocabulary: Int, longest: Int?) throws(DatasetError) {
        (self.file, self.vocabulary) = (file, vocabulary)
        try file.requireRawNumbers()
        guard format == .megatron else {
            guard let longest else {
                throw .setting(
                    name: file.path.printable(), expected: "--longest N: a stream of tokens is cut into samples of N",
                    got: "none")
            }
            guard file.byteCount >= 4, file.byteCount % 2 == 0 else {
                throw .size(path: file.path, bytes: file.byteCount, expected: "two tokens of 2 bytes at least")
            }
            (index, stride) = (nil, max(longest - 1, 1))
            return
        }
        index = try MegatronIndex(path: Self.indexPath(file.path), tokens: file)
        stride = 1
    }

    static func indexPath(_ path: String) -> String {
        (path.hasSuffix(".bin") ? String(path.dropLast(4)) : path) + ".idx"
    }

    /// Bytes of the file before a record, for a look at how far a reader is.
    func bytes(before record: Int) -> Int {
        let all = index.map(\.count) ?? max(file.byteCount / 2 / stride, 1)
        return Int(Double(file.byteCount) * min(Double(record) / Double(all), 1))
    }

    /// The records from a place on: its offset counts records, its line too, from 1.
    func block(from place: RecordPlace) throws(DatasetError) -> RecordBlock? {
        let size = index?.size ?? 2
        var block = RecordBlock(next: place)
        var parts: [Range<Int>] = []
        var bytes = 0
        while bytes < Self.blockBytes, let range = try range(of: block.next.offset) {
            let start = bytes
            bytes += range.count * size
            block.next.offset += 1
            block.next.line += 1
            parts.append(range)
            block.entries.append(.init(bytes: start..<bytes, line: block.next.line - 1, next: block.next))
        }
        guard !parts.isEmpty else { return nil }
        block.bytes.reserveCapacity(bytes)
        for range in parts { block.bytes += try file.bytes(range.lowerBound * size..<range.upperBound * size) }
        return block
    }

    func ids(_ entry: RecordBlock.Entry, of block: borrowing RecordBlock) throws(LineProblem) -> [Int32] {
        let vocabulary = vocabulary
        let kind = index?.kind ?? .u16
        return try block.with(entry) { bytes throws(LineProblem) in
            var ids: [Int32] = []
            ids.reserveCapacity(bytes.count / kind.size)
            for at in Swift.stride(from: 0, to: bytes.count, by: kind.size) {
                let id = kind.value(bytes, at)
                guard id >= 0, id < vocabulary else {
                    throw LineProblem(expected: "tokens 0 to \(vocabulary - 1), the vocabulary", got: "\(id)")
                }
                ids.append(Int32(truncatingIfNeeded: id))
            }
            return ids
        }
    }

    /// The tokens of a record; nil behind the last.
    private func range(of record: Int) throws(DatasetError) -> Range<Int>? {
        if let index { return record < index.count ? try index.range(of: record) : nil }
        let count = file.byteCount / 2
        let (start, overflow) = record.multipliedReportingOverflow(by: stride)
        guard !overflow, start < count - 1 else { return nil }
        return start..<min(start + stride + 1, count)
    }
}

/// Megatron's `.idx`: how many tokens each sequence has, and where it begins.
struct MegatronIndex: Sendable {
    /// How a token is stored.
    enum Kind: UInt8 {
        case u8 = 1
        case i8, i16, i32, i64
        case u16 = 8

        var size: Int {
            switch self {
            case .u8, .i8: 1
            case .i16, .u16: 2
            case .i32: 4
            case .i64: 8
            }
        }

        func value(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
            func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Int {
                Int(truncatingIfNeeded: Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: type)))
            }
            return switch self {
            case .u8: number(UInt8.self)
            case .i8: number(Int8.self)
            case .i16: number(Int16.self)
            case .u16: number(UInt16.self)
            case .i32: number(Int32.self)
            case .i64: number(Int64.self)
            }
        }
    }

    let kind: Kind
    /// Sequences.
    let count: Int
    private let file: DataFile
    private let tokenBytes: Int

    private static let magic = Array("MMIDIDX\0\0".utf8)
    /// Magic, version, kind of token, and two counts.
    private static let headBytes = 34
    /// Of a sequence, which is held whole.
    private static let mostTokens = 1 << 24

    var size: Int { kind.size }

    init(path: String, tokens: DataFile) throws(DatasetError) {
        file = try DataFile(path: path)
        tokenBytes = tokens.byteCount
        let head = try file.byteCount >= Self.headBytes ? file.bytes(0..<Self.headBytes) : []
        guard head.starts(with: Self.magic), Self.number(head, 9) == 1 else {
            throw .shards(path: path, expected: "Megatron's index, version 1", got: "another file")
        }
        guard let kind = Kind(rawValue: head[17]) else {
            throw .shards(path: path, expected: "tokens of whole numbers", got: "type \(head[17])")
        }
        let sequences = Self.number(head, 18)
        guard sequences > 0, sequences <= UInt64(file.byteCount / 12),
            Self.headBytes + Int(sequences) * 12 <= file.byteCount
        else {
            throw .size(path: path, bytes: file.byteCount, expected: "room for its \(sequences) sequences")
        }
        (self.kind, count) = (kind, Int(sequences))
    }

    func range(of sequence: Int) throws(DatasetError) -> Range<Int> {
        let length = try file.bytes(Self.headBytes + sequence * 4..<Self.headBytes + sequence * 4 + 4)
        let place = Self.headBytes + count * 4 + sequence * 8
        let start = Self.number(try file.bytes(place..<place + 8), 0)
        let tokens = Int(Int32(bitPattern: UInt32(truncatingIfNeeded: Self.number(length + [0, 0, 0, 0], 0))))
        guard tokens >= 0, tokens <= Self.mostTokens, tokens <= tokenBytes / size, start % UInt64(size) == 0,
            start <= UInt64(tokenBytes),
            Int(start) + tokens * size <= tokenBytes
        else {
            throw .shards(
                path: file.path,
                expected: "sequence \(sequence) of at most \(Self.mostTokens) tokens within the \(tokenBytes) bytes",
                got: "\(tokens) tokens from byte \(start)")
        }
        return Int(start) / size..<Int(start) / size + tokens
    }

    private static func number(_ bytes: [UInt8], _ at: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
    }
}
