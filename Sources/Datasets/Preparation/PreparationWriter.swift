internal import Systems

/// Puts encoded blocks into shards, and keeps account.
struct PreparationWriter: ~Copyable {
    private let folder: String
    private var state: PreparationState
    private let allowed: Int
    private var shard: ShardWriter?
    private(set) var skipped: ShardManifest.Skipped
    /// Samples and tokens of this start.
    private(set) var added = 0
    private(set) var addedTokens = 0

    private static let shownProblems = 20

    init(_ folder: String, _ state: PreparationState, allowed: Int) throws {
        (self.folder, self.state, self.allowed) = (folder, state, allowed)
        skipped = state.manifest.skipped
        try state.save(folder)
    }

    /// Whether more records are no samples than may be: nothing is written any more.
    var isOver: Bool { skipped.count > allowed }

    /// Whether not one shard is done.
    var isEmpty: Bool { state.manifest.shards.isEmpty }

    mutating func add(_ block: EncodedBlock) throws {
        var (sample, word) = (0, 0)
        for entry in block.entries {
            if let problem = entry.problem { note(problem) }
            for _ in 0..<entry.samples {
                let length = block.samples.lengths[sample]
                if !isOver { try add(block.samples.words[word..<word + length], isCut: block.samples.cuts[sample]) }
                sample += 1
                word += length
            }
            if let samples = shard?.samples, samples >= state.manifest.settings.shardSamples, !isOver {
                try finishShard(entry.next)
            }
        }
    }

    private mutating func note(_ problem: String) {
        skipped.count += 1
        if skipped.first.count < Self.shownProblems { skipped.first.append(problem) }
    }

    private mutating func add(_ words: ArraySlice<UInt32>, isCut: Bool) throws(SystemError) {
        if shard == nil { shard = try ShardWriter(folder: folder, number: state.manifest.shards.count) }
        try shard?.add(words, isCut: isCut)
        added += 1
        addedTokens += words.count
    }

    private mutating func finishShard(_ place: RecordPlace) throws {
        guard let done = try shard?.finish() else { return }
        shard = nil
        state.manifest.add(done)
        state.manifest.skipped = skipped
        state.place = place
        try state.save(folder)
    }

    /// Ends the last shard and writes the manifest.
    mutating func finish() throws -> ShardManifest {
        try finishShard(state.place)
        state.manifest.skipped = skipped
        guard !isEmpty else {
            try PreparationState.clear(folder)
            throw DatasetError.records(first: skipped.first, count: skipped.count, allowed: allowed, isWhole: true)
        }
        try ShardWriter.write(try ShardManifest.encode(state.manifest), to: "\(folder)/\(ShardManifest.fileName)")
        File.remove("\(folder)/\(PreparationState.fileName)")
        try ShardWriter.syncFolder(folder)
        return state.manifest
    }
}
