/// The records of one file, one after another, as they are prepared for training.
///
///     var records = try FileRecords(path: "test.csv")
///     while let (line, record) = try records.next() { … }
package struct FileRecords {
    private let file: RecordFile
    private var blocks: RecordBlocks
    private var block: RecordBlock?
    /// Of the block, the next one.
    private var entry = 0

    /// A file whose name says nothing holds an object a line.
    /// - Throws: where the file cannot be read, or its first record is of no known form.
    package init(path: String) throws(DatasetError) {
        var settings = PreparationSettings()
        if RecordFormat(path: path) == nil, !path.hasSuffix(".bin") { settings.format = .jsonl }
        file = try RecordFile(path: path, number: 0, settings, vocabulary: Int(Int32.max))
        blocks = file.blocks(from: nil)
    }

    /// The next record, and the line that it begins on, counted from 1; nil behind the last one.
    /// - Throws: where it is none, with file and line.
    package mutating func next() throws(DatasetError) -> (line: Int, record: Record)? {
        while true {
            if let block, entry < block.entries.count {
                let found = block.entries[entry]
                entry += 1
                do { return (found.line, try file.record(found, of: block)) } catch {
                    throw .line(path: file.file.path, line: found.line, error)
                }
            }
            guard let following = try blocks.next() else { return nil }
            (block, entry) = (following, 0)
        }
    }

    /// Whether a file holds an object of ids a line, as `SampleFile` reads them.
    package static func holdsIDs(_ path: String) throws(DatasetError) -> Bool {
        guard RecordFormat(path: path) ?? .jsonl == .jsonl else { return false }
        let file = try DataFile(path: path, staysOpen: false)
        try file.requireText()
        var splitter = RecordSplitter(file, .lines, from: RecordPlace())
        guard let block = try splitter.next(bytes: 1 << 16), let first = block.entries.first else { return false }
        let keys = try? block.with(first) { bytes throws(LineProblem) in try RecordFields.keys(bytes) }
        return keys?.contains("input_ids") ?? false
    }
}
