internal import Systems

/// A folder of shards that `echelon data prepare` wrote: samples of tokens, each with a mark whether it counts as a target.
///
///     let set = try ShardSet(path: "data/train")
///     try set.length(ofSample: 17)
///     try set.withSample(17) { words in words[0] & ShardSet.idMask }
///
/// A sample is its words, one u32 a token: the id, and bit 31 where the token is predicted from those before it. Nothing
/// is held for a sample: its place is read from the index and its words from the tokens, both through the page cache.
/// Nothing is mapped: a mapped file that shrinks would kill the process.
package final class ShardSet: Sendable {
    /// Of a word: its token's id.
    package static let idMask: UInt32 = 0x7FFF_FFFF
    /// Of a word: set where the token counts as a target.
    package static let countBit: UInt32 = 0x8000_0000

    package let path: String
    package let manifest: ShardManifest
    let parts: [Part]
    private let words = Shared(Words())

    /// A shard's files, and the number of its first sample.
    struct Part: Sendable {
        var first: Int
        var shard: ShardManifest.Shard
        var tokens: DataFile
        var index: DataFile
    }

    /// What one sample after the other is read into.
    private final class Words {
        private var memory = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 1)

        func room(_ count: Int) -> UnsafeMutableBufferPointer<UInt32> {
            if memory.count < count {
                memory.deallocate()
                memory = .allocate(capacity: count)
            }
            return UnsafeMutableBufferPointer(rebasing: memory[..<count])
        }

        deinit { memory.deallocate() }
    }

    /// So many shards keep their files open; of more, each read opens them.
    private static let mostOpen = 64

    /// Reads the manifest and looks at the files' sizes; `check` reads what they hold.
    package init(path: String) throws(DatasetError) {
        self.path = path
        manifest = try ShardManifest.load(folder: path)
        let staysOpen = manifest.shards.count <= Self.mostOpen
        var parts: [Part] = []
        var first = 0
        for shard in manifest.shards {
            let tokens = try DataFile(path: "\(path)/\(shard.tokensFile)", staysOpen: staysOpen)
            let index = try DataFile(path: "\(path)/\(shard.indexFile)", staysOpen: staysOpen)
            for (file, size) in [(tokens, shard.tokens * 4), (index, (shard.samples + 1) * 8)]
            where file.byteCount != size {
                throw .size(
                    path: file.path, bytes: file.byteCount, expected: "\(size) bytes, as \(ShardManifest.fileName) says"
                )
            }
            parts.append(Part(first: first, shard: shard, tokens: tokens, index: index))
            first += shard.samples
        }
        self.parts = parts
    }

    package var sampleCount: Int { manifest.samples }
    /// Tokens of the longest sample.
    package var longest: Int { manifest.longest }

    /// How many tokens a sample has: 16 bytes of the index are read.
    package func length(ofSample sample: Int) throws(DatasetError) -> Int { try place(of: sample).tokens.count }

    /// Hands a sample's words to `body`, which must not ask the set for another; from several threads, one after the other.
    package func withSample<Value>(
        _ sample: Int, _ body: (UnsafeBufferPointer<UInt32>) throws(DatasetError) -> Value
    ) throws(DatasetError) -> Value {
        let (part, range) = try place(of: sample)
        return try words.withLock { words throws(DatasetError) in
            let memory = words.room(range.count)
            try parts[part].tokens.read(at: range.lowerBound * 4, into: UnsafeMutableRawBufferPointer(memory))
            return try body(UnsafeBufferPointer(memory))
        }
    }

    /// Reads a sample's words into the caller's memory, which holds at least as many; from any number of threads at once.
    /// - Returns: how many there are.
    package func copy(
        sample: Int, into out: UnsafeMutableBufferPointer<UInt32>
    ) throws(DatasetError) -> Int {
        let (part, range) = try place(of: sample)
        precondition(out.count >= range.count, "a sample of \(range.count) words into \(out.count)")
        let memory = UnsafeMutableBufferPointer(rebasing: out[..<range.count])
        try parts[part].tokens.read(at: range.lowerBound * 4, into: UnsafeMutableRawBufferPointer(memory))
        return range.count
    }

    /// Hands the lengths of samples to `body`, in order: for those who plan with all of them.
    package func lengths(
        of samples: Range<Int>, _ body: (Int, Int) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        precondition(samples.lowerBound >= 0 && samples.upperBound <= sampleCount, "samples \(samples)")
        for part in parts {
            let range = samples.clamped(to: part.first..<part.first + part.shard.samples)
            try part.readIndex(range) { (sample, tokens) throws(DatasetError) in try body(sample, tokens.count) }
        }
    }

    package func location(of sample: Int) -> String { "\(path.printable()): sample \(sample)" }

    func prepare(for order: SampleOrder) {
        for part in parts { part.tokens.prepare(for: order) }
    }

    /// The part that holds a sample, and where its words stand in it.
    private func place(of sample: Int) throws(DatasetError) -> (part: Int, tokens: Range<Int>) {
        precondition((0..<sampleCount).contains(sample), "sample \(sample) of \(sampleCount)")
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if parts[middle].first <= sample { low = middle } else { high = middle - 1 }
        }
        var pair: (UInt64, UInt64) = (0, 0)
        let part = parts[low]
        try withUnsafeMutableBytes(of: &pair) { bytes throws(DatasetError) in
            try part.index.read(at: (sample - part.first) * 8, into: bytes)
        }
        return (low, try part.tokens(from: pair.0, to: pair.1))
    }
}

extension ShardSet.Part {
    /// Of one sample, by two numbers of the index.
    func tokens(from start: UInt64, to end: UInt64) throws(DatasetError) -> Range<Int> {
        let (start, end) = (UInt64(littleEndian: start), UInt64(littleEndian: end))
        guard start < end, end <= UInt64(shard.tokens), end - start <= UInt64(shard.longest) else {
            throw damaged("\(index.path)", "offsets that rise by 1 to \(shard.longest)", "\(start), then \(end)")
        }
        return Int(start)..<Int(end)
    }

    /// Hands the places of samples to `body`, in order.
    func readIndex(
        _ samples: Range<Int>, _ body: (Int, Range<Int>) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let memory = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: Self.indexRoom + 1)
        defer { memory.deallocate() }
        var next = samples.lowerBound
        while next < samples.upperBound {
            let count = min(samples.upperBound - next, Self.indexRoom)
            let offsets = UnsafeMutableBufferPointer(rebasing: memory[...count])
            try index.read(at: (next - first) * 8, into: UnsafeMutableRawBufferPointer(offsets))
            for at in 0..<count { try body(next + at, try tokens(from: offsets[at], to: offsets[at + 1])) }
            next += count
        }
    }

    private static let indexRoom = 8192

    func damaged(_ path: String, _ expected: String, _ got: String) -> DatasetError {
        .shards(path: path, expected: expected, got: got + ": the shard is damaged; prepare the data again")
    }
}
