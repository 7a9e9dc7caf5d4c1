internal import Systems

extension ShardSet {
    /// Reads every shard that the first so many samples lie in, and throws where one does not hold what the manifest says,
    /// or a token that the vocabulary does not. `cache` keeps that all was well: the next run does not read them.
    package func check(vocabulary: Int, samples: Int = .max, cache: ScanCache) throws(DatasetError) {
        let summary = try summary(samples: samples, cache: cache)
        guard summary.largest >= vocabulary else { return }
        for part in parts {
            let range = 0..<part.shard.tokens
            guard
                let token = try part.tokens.firstNumber(
                    notBelow: UInt64(vocabulary), in: range, as: UInt32.self, mask: Self.idMask,
                    cache: .init(folder: nil))
            else { continue }
            let id = try part.token(at: token)
            throw .vocabulary(
                token: id, vocabulary: vocabulary,
                location: TokenLocation(source: part.tokens.path, token: token, byte: token * 4))
        }
    }

    /// What a reading of the shards told.
    struct Summary: Hashable {
        var largest = 0
        /// Samples in whose loss nothing counts.
        var untargeted = 0
    }

    /// Reads the shards once; the finding is kept for the set as a whole.
    func summary(samples: Int, cache: ScanCache) throws(DatasetError) -> Summary {
        let read = parts.prefix { $0.first < samples }
        let manifestFile = try DataFile(path: "\(path)/\(ShardManifest.fileName)")
        let identities = read.flatMap { [$0.tokens.identity.description, $0.index.identity.description] }
        let hash = ContentHash(Array(identities.joined(separator: "\n").utf8))
        let place = ScanCache.Place(manifestFile, "shards \(hash)")
        if let kept = cache.numbers(at: place, count: 2) { return Summary(largest: kept[0], untargeted: kept[1]) }
        let bytes = read.reduce(0) { $0 + $1.tokens.byteCount + $1.index.byteCount }
        if bytes >= ScanCache.longParse { cache.onLongScan?(path, bytes) }
        var summary = Summary()
        for part in read { try part.read(into: &summary) }
        cache.keep([summary.largest, summary.untargeted], at: place)
        return summary
    }

    /// Of each of the first so many samples, whether nothing counts in its loss; nil where something counts in all.
    func untargeted(among samples: Int, cache: ScanCache) throws(DatasetError) -> [Bool]? {
        let count = min(samples, sampleCount)
        guard try summary(samples: count, cache: cache).untargeted > 0 else { return nil }
        var flags = [Bool](repeating: false, count: count)
        for sample in 0..<count {
            flags[sample] = try withSample(sample) { $0.dropFirst().allSatisfy { $0 & Self.countBit == 0 } }
        }
        return flags
    }
}

extension ShardSet.Part {
    /// Hashes both files, sees that samples lie one behind the other, and looks at every word.
    fileprivate func read(into summary: inout ShardSet.Summary) throws(DatasetError) {
        try check(index, is: shard.indexHash)
        var hash = SHA256()
        var end = 0
        var counted = 0
        var words = [UInt32](repeating: 0, count: shard.longest)
        try readIndex(first..<first + shard.samples) { (_, range) throws(DatasetError) in
            guard range.lowerBound == end else {
                throw damaged(index.path, "a sample at token \(end)", "one at \(range.lowerBound)")
            }
            end = range.upperBound
            let targets = try add(range, &words, &hash, &summary)
            counted += targets
            if targets == 0 { summary.untargeted += 1 }
        }
        guard end == shard.tokens else { throw damaged(index.path, "\(shard.tokens) tokens", "\(end)") }
        guard counted == shard.counted else {
            throw damaged(tokens.path, "\(shard.counted) tokens that count", "\(counted)")
        }
        guard hash.finish() == shard.tokensHash else { throw changed(tokens.path) }
    }

    /// - Returns: how many of a sample's tokens count.
    private func add(
        _ range: Range<Int>, _ words: inout [UInt32], _ hash: inout SHA256, _ summary: inout ShardSet.Summary
    ) throws(DatasetError) -> Int {
        let outcome: Result<Int, DatasetError> = words.withUnsafeMutableBytes { all in
            Result { () throws(DatasetError) in
                let bytes = UnsafeMutableRawBufferPointer(rebasing: all[..<(range.count * 4)])
                try tokens.read(at: range.lowerBound * 4, into: bytes)
                hash.add(UnsafeRawBufferPointer(bytes))
                var (largest, counted): (UInt32, UInt32) = (0, 0)
                for word in bytes.bindMemory(to: UInt32.self) {
                    largest = max(largest, UInt32(littleEndian: word) & ShardSet.idMask)
                    counted &+= UInt32(littleEndian: word) >> 31
                }
                summary.largest = max(summary.largest, Int(largest))
                return Int(counted)
            }
        }
        return try outcome.get()
    }

    private func check(_ file: DataFile, is expected: String) throws(DatasetError) {
        var hash = SHA256()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { memory.deallocate() }
        for start in stride(from: 0, to: file.byteCount, by: memory.count) {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, file.byteCount - start)])
            try file.read(at: start, into: bytes)
            hash.add(UnsafeRawBufferPointer(bytes))
        }
        guard hash.finish() == expected else { throw changed(file.path) }
    }

    private func changed(_ path: String) -> DatasetError {
        damaged(path, "the SHA-256 that \(ShardManifest.fileName) says", "another")
    }

    fileprivate func token(at place: Int) throws(DatasetError) -> Int {
        var word: UInt32 = 0
        try withUnsafeMutableBytes(of: &word) { bytes throws(DatasetError) in
            try tokens.read(at: place * 4, into: bytes)
        }
        return Int(UInt32(littleEndian: word) & ShardSet.idMask)
    }
}
