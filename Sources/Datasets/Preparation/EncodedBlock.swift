/// What became of a block of records.
struct EncodedBlock: Sendable {
    /// One record's samples, or why it has none.
    struct Entry: Sendable {
        var samples = 0
        /// With file and line.
        var problem: String?
        var next: RecordPlace
    }

    var samples = SampleBuffer()
    var entries: [Entry] = []
    /// Behind the block.
    var next: RecordPlace

    init(_ block: RecordBlock, of file: RecordFile, _ coder: SampleCoder, longest: Int?) {
        next = block.next
        entries.reserveCapacity(block.entries.count)
        for entry in block.entries {
            var encoded = Entry(next: entry.next)
            let before = samples.lengths.count
            do throws(LineProblem) {
                try coder.add(file.record(entry, of: block), longest: longest, to: &samples)
                encoded.samples = samples.lengths.count - before
            } catch {
                encoded.problem =
                    file.location(entry, column: error.column) + ": expected \(error.expected), got \(error.got)"
            }
            entries.append(encoded)
        }
    }
}
