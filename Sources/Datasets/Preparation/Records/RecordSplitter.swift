internal import Glibc
internal import Systems

/// Where a record begins, or what follows the last one.
struct RecordPlace: Hashable, Sendable, Codable {
    /// Which of the files, counted from 0.
    var file = 0
    /// A byte of it; a token of a file of tokens.
    var offset = 0
    /// The line there, counted from 1.
    var line = 1
}

/// Some records of a file, whole, and where each stands.
struct RecordBlock: Sendable {
    struct Entry: Sendable {
        var bytes: Range<Int>
        var line: Int
        /// Behind it.
        var next: RecordPlace
    }

    var bytes: [UInt8] = []
    var entries: [Entry] = []
    /// Behind the block.
    var next: RecordPlace
}

/// Cuts a file into blocks of whole records, from any record on, in memory that does not depend on the file's size.
struct RecordSplitter {
    private let file: DataFile
    private let kind: Kind
    private(set) var place: RecordPlace

    /// What ends a record.
    enum Kind: Hashable, Sendable {
        /// The end of a line.
        case lines
        /// An empty line.
        case paragraphs
        /// The end of a line that is not inside quotes.
        case rows
    }

    static let mostBytes = 16 << 20

    /// - Parameter place: where a record begins.
    init(_ file: DataFile, _ kind: Kind, from place: RecordPlace) {
        (self.file, self.kind, self.place) = (file, kind, place)
    }

    /// The next records, about as many as the bytes hold; nil at the end.
    mutating func next(bytes wanted: Int = 1 << 20) throws(DatasetError) -> RecordBlock? {
        var size = wanted
        while place.offset < file.byteCount {
            let count = min(size, file.byteCount - place.offset)
            var block = RecordBlock(next: place)
            block.bytes = try file.bytes(place.offset..<place.offset + count)
            cut(&block, isLast: place.offset + count == file.byteCount)
            if block.next.offset > place.offset {
                place = block.next
                if block.entries.isEmpty { continue }
                return block
            }
            guard size < Self.mostBytes else {
                throw .line(
                    path: file.path, line: place.line, LineProblem(expected: "at most 16 MiB a record", got: "more"))
            }
            size *= 4
        }
        return nil
    }

    private func cut(_ block: inout RecordBlock, isLast: Bool) {
        let bytes = block.bytes
        bytes.withUnsafeBufferPointer { all in
            var at = place.offset == 0 && all.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            var line = place.line
            while at < all.count, let record = record(all, at, isLast) {
                let text = all.trimmed(at..<record.end, tabsToo: kind != .rows)
                let next = RecordPlace(file: place.file, offset: place.offset + record.next, line: line + record.lines)
                if !text.isEmpty {
                    let blank = all[at..<text.lowerBound].count { $0 == 0x0A }
                    block.entries.append(.init(bytes: text, line: line + blank, next: next))
                }
                block.next = next
                (at, line) = (record.next, line + record.lines)
            }
        }
    }

    /// Where the record at `start` ends, where the next one begins, and how many line ends lie before that; nil: it does
    /// not end here.
    private func record(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ isLast: Bool
    ) -> (end: Int, next: Int, lines: Int)? {
        var at = start
        var lines = 0
        var isQuoted = false
        while true {
            guard let lineEnd = bytes.lineFeed(from: at) else {
                return isLast ? (bytes.count, bytes.count, lines) : nil
            }
            lines += 1
            if kind == .rows {
                for byte in bytes[at..<lineEnd] where byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            }
            let isEnd: Bool =
                switch kind {
                case .lines: true
                case .rows: !isQuoted
                case .paragraphs: bytes.trimmed(at..<lineEnd, tabsToo: true).isEmpty
                }
            if isEnd { return (lineEnd, lineEnd + 1, lines) }
            at = lineEnd + 1
        }
    }
}

extension DataFile {
    /// A part of the file.
    func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
        var failure: DatasetError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { memory, count in
            do throws(DatasetError) {
                try read(
                    at: range.lowerBound,
                    into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: memory[..<range.count])))
                count = range.count
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func lineFeed(from start: Int) -> Int? {
        guard start < count, let base = baseAddress, let found = memchr(base + start, 0x0A, count - start) else {
            return nil
        }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// Without the blanks around; a row of a table keeps those that are fields.
    fileprivate func trimmed(_ range: Range<Int>, tabsToo: Bool) -> Range<Int> {
        func isBlank(_ byte: UInt8) -> Bool {
            byte == 0x0D || byte == 0x0A || tabsToo && (byte == 0x20 || byte == 0x09)
        }
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high, isBlank(self[low]) { low += 1 }
        while low < high, isBlank(self[high - 1]) { high -= 1 }
        return low..<high
    }
}
