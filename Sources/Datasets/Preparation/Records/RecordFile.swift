internal import Systems

/// One file of records, opened and understood: which format it has, and which columns mean what.
struct RecordFile: Sendable {
    let file: DataFile
    let format: RecordFormat
    private let number: Int
    private let layout: RecordLayout?
    /// Of a table.
    private let names: [String]
    private let first: RecordPlace
    private let tokens: TokenRecords?

    /// - Parameter number: which of the files.
    /// - Throws: where it cannot be read, or is of another format.
    init(path: String, number: Int, _ settings: PreparationSettings, vocabulary: Int) throws(DatasetError) {
        self.number = number
        let format = try Self.format(path, settings)
        file = try DataFile(path: path, staysOpen: false)
        self.format = format
        guard !format.isTokens else {
            tokens = try TokenRecords(file, format, vocabulary: vocabulary, longest: settings.longest)
            (layout, names, first) = (nil, [], RecordPlace(file: number))
            return
        }
        tokens = nil
        try file.requireText()
        var splitter = RecordSplitter(file, Self.kind(format), from: RecordPlace(file: number))
        guard let block = try splitter.next(bytes: 1 << 16), let head = block.entries.first else {
            throw .size(path: path, bytes: file.byteCount, expected: "at least one record")
        }
        do throws(LineProblem) {
            switch format {
            case .jsonl: (layout, names) = (try Self.layout(block, settings), [])
            case .csv, .tsv:
                names = try block.with(head) { bytes throws(LineProblem) in
                    try TableRow.cells(bytes, separator: Self.separator(format))
                }
                layout = try RecordLayout(columns: names, settings)
            case .text, .megatron, .nanogpt: (layout, names) = (nil, [])
            }
        } catch {
            throw .line(path: path, line: head.line, error)
        }
        first = format == .csv || format == .tsv ? head.next : RecordPlace(file: number)
    }

    /// Of the first line that has one: a line before it may be passed over.
    private static func layout(
        _ block: borrowing RecordBlock, _ settings: PreparationSettings
    ) throws(LineProblem) -> RecordLayout {
        var first: LineProblem?
        for entry in block.entries {
            do throws(LineProblem) {
                let keys = try block.with(entry) { bytes throws(LineProblem) in try RecordFields.keys(bytes) }
                return try RecordLayout(columns: keys, settings)
            } catch { first = first ?? error }
        }
        throw first ?? LineProblem(expected: "an object a line", got: "none")
    }

    /// Records from a place on, which is one that a block named, or nil for the first.
    func blocks(from place: RecordPlace?) -> RecordBlocks {
        let start = place.flatMap { $0.offset > 0 ? $0 : nil } ?? first
        return tokens.map { .tokens($0, start) } ?? .text(RecordSplitter(file, Self.kind(format), from: start))
    }

    /// The record of an entry.
    func record(_ entry: RecordBlock.Entry, of block: borrowing RecordBlock) throws(LineProblem) -> Record {
        if let tokens { return .tokens(try tokens.ids(entry, of: block)) }
        return try block.with(entry) { bytes throws(LineProblem) in
            guard let layout else {
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw LineProblem(expected: "UTF-8", got: "a text that is none")
                }
                return .text(text)
            }
            guard format != .jsonl else { return try layout.record(RecordFields(bytes, layout)) }
            let cells = try TableRow.cells(bytes, separator: Self.separator(format))
            guard cells.count == names.count else {
                throw LineProblem(expected: "\(names.count) fields, as the first line has", got: "\(cells.count)")
            }
            return try layout.record(RecordFields(Array(zip(names, cells)), layout))
        }
    }

    /// Bytes of the file before a place.
    func bytes(before place: RecordPlace) -> Int {
        tokens?.bytes(before: place.offset) ?? min(place.offset, file.byteCount)
    }

    /// `data.jsonl:12`, or of a token file the token.
    func location(_ entry: RecordBlock.Entry, column: Int?) -> String {
        let path = file.path.printable()
        if tokens != nil { return "\(path): record \(entry.line)" }
        return "\(path):\(entry.line)" + (column.map { ":\($0)" } ?? "")
    }

    private static func format(_ path: String, _ settings: PreparationSettings) throws(DatasetError) -> RecordFormat {
        if let format = settings.format ?? RecordFormat(path: path) { return format }
        if path.hasSuffix(".bin") { return File.exists(TokenRecords.indexPath(path)) ? .megatron : .nanogpt }
        // A file of another kind is named as such, one that cannot be read with the reason.
        try DataFile(path: path, staysOpen: false).requireText()
        throw .setting(
            name: path.printable(),
            expected: "--format " + RecordFormat.allCases.map(\.rawValue).joined(separator: ", "),
            got: "a name that says none")
    }

    private static func kind(_ format: RecordFormat) -> RecordSplitter.Kind {
        switch format {
        case .csv, .tsv: .rows
        case .text: .paragraphs
        case .jsonl, .megatron, .nanogpt: .lines
        }
    }

    private static func separator(_ format: RecordFormat) -> UInt8 { UInt8(ascii: format == .tsv ? "\t" : ",") }
}

/// What is left of a file.
enum RecordBlocks {
    case text(RecordSplitter)
    case tokens(TokenRecords, RecordPlace)

    mutating func next() throws(DatasetError) -> RecordBlock? {
        switch self {
        case .text(var splitter):
            defer { self = .text(splitter) }
            return try splitter.next()
        case .tokens(let records, let place):
            guard let block = try records.block(from: place) else { return nil }
            self = .tokens(records, block.next)
            return block
        }
    }
}

extension RecordBlock {
    /// Lends an entry's bytes.
    borrowing func with<Value>(
        _ entry: Entry, _ body: (UnsafeRawBufferPointer) throws(LineProblem) -> Value
    ) throws(LineProblem) -> Value {
        let outcome: Result<Value, LineProblem> = bytes.withUnsafeBytes { bytes in
            Result { () throws(LineProblem) in
                try body(UnsafeRawBufferPointer(rebasing: bytes[entry.bytes]))
            }
        }
        return try outcome.get()
    }
}
