internal import Glibc
internal import Systems

/// Files of records → a folder of shards.
///
///     let preparation = try DataPreparation(
///         ["train.jsonl"], to: "data/train", coder, tokenizer: tokenizer, template: template, settings: settings)
///     let manifest = try preparation.run { print($0.samplesPerSecond) }
///
/// Records are read in order, encoded on all cores, and written in order, in memory that does not depend on their number.
/// Each shard is on the disk before the next begins; a preparation that was killed goes on behind its last whole shard,
/// and the same input gives the same bytes, however often it was started and on however many cores.
package struct DataPreparation {
    private let folder: String
    private let coder: SampleCoder
    private let files: [RecordFile]
    private let state: PreparationState
    private let isDone: Bool
    private let allowed: Int
    private let threads: Int
    private let lock: FolderLock

    /// Problems that are shown.
    private static let shownProblems = 20
    /// Behind a problem too many, so many blocks are still searched for others.
    private static let searchedBlocks = 64

    /// - Parameters:
    ///   - allowed: so many records may be no samples.
    ///   - startsAnew: whether what the folder holds goes.
    /// - Throws: where a file cannot be read, or the folder holds something else.
    package init(
        _ inputs: [String], to folder: String, _ coder: SampleCoder, tokenizer: ShardManifest.Tokenizer,
        template: ShardManifest.Template, settings: PreparationSettings, allowed: Int = 0, startsAnew: Bool = false,
        threads: Int? = nil
    ) throws {
        (self.folder, self.coder, self.allowed) = (folder, coder, allowed)
        self.threads = threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        if let longest = settings.longest, longest < coder.fewest {
            throw DatasetError.setting(
                name: "--longest", expected: "at least \(coder.fewest) tokens", got: "\(longest)")
        }
        files = try inputs.enumerated().map {
            try RecordFile(path: $1, number: $0, settings, vocabulary: tokenizer.vocabulary)
        }
        let manifest = ShardManifest(
            tokenizer: tokenizer, template: template, settings: settings,
            inputs: files.map {
                .init(path: $0.file.path, bytes: $0.file.byteCount, modified: $0.file.identity.modified)
            })
        try File.makeFolder(folder)
        lock = try FolderLock(folder)
        if startsAnew { try PreparationState.clear(folder) }
        let found = try PreparationState.load(folder, manifest)
        state = found?.0 ?? PreparationState(manifest)
        isDone = found?.isDone ?? false
        let place = state.place
        guard files.indices.contains(place.file), place.line > 0, 0...files[place.file].file.byteCount ~= place.offset
        else {
            throw DatasetError.shards(
                path: "\(folder)/\(PreparationState.fileName)", expected: "a place in one of the files",
                got: "none; --force starts anew")
        }
    }

    /// Shards that an earlier start of the same preparation left.
    package var shardsBefore: Int { state.manifest.shards.count }
    /// Whether an earlier start left nothing to do.
    package var isDoneBefore: Bool { isDone }

    /// - Parameter show: is called after each block; what it throws ends the preparation, which can go on later.
    /// - Returns: the manifest, also where all was done before.
    /// - Throws: also where more records than allowed are no samples.
    package func run(_ show: (PreparationProgress) throws -> Void = { _ in }) throws -> ShardManifest {
        guard !isDone else { return state.manifest }
        let (coder, files, longest) = (coder, files, state.manifest.settings.longest)
        let encoders = try EncodingThreads(count: threads) { block in
            EncodedBlock(block, of: files[block.next.file], coder, longest: longest)
        }
        defer { encoders.end() }
        var writer = try PreparationWriter(folder, state, allowed: allowed)
        var progress = PreparationProgress()
        progress.bytes = files.reduce(0) { $0 + $1.file.byteCount }
        progress.bytesBefore = bytes(before: state.place)
        let start = MonotonicClock.now
        var reader = RecordReader(files, from: state.place)
        var blocksOver = 0
        while true {
            while !encoders.isFull, let block = try reader.next() { encoders.add(block) }
            guard let encoded = encoders.next() else { break }
            try writer.add(encoded)
            progress.samples = writer.added
            progress.tokens = writer.addedTokens
            progress.skipped = writer.skipped.count
            progress.bytesRead = bytes(before: encoded.next)
            progress.seconds = Double(MonotonicClock.now - start) / 1e9
            try show(progress)
            guard writer.isOver else { continue }
            blocksOver += 1
            if writer.skipped.first.count == Self.shownProblems || blocksOver == Self.searchedBlocks { break }
        }
        if writer.isOver {
            if writer.isEmpty { try PreparationState.clear(folder) }
            throw DatasetError.records(
                first: writer.skipped.first, count: writer.skipped.count, allowed: allowed, isWhole: encoders.isEmpty)
        }
        return try writer.finish()
    }

    private func bytes(before place: RecordPlace) -> Int {
        let earlier = files[..<min(place.file, files.count)].reduce(0) { $0 + $1.file.byteCount }
        guard place.file < files.count else { return earlier }
        return earlier + files[place.file].bytes(before: place)
    }
}

/// Blocks of one file after the other.
private struct RecordReader {
    private let files: [RecordFile]
    private var file: Int
    private var blocks: RecordBlocks?
    private let start: RecordPlace

    init(_ files: [RecordFile], from place: RecordPlace) {
        (self.files, start, file) = (files, place, place.file)
    }

    mutating func next() throws(DatasetError) -> RecordBlock? {
        while file < files.count {
            if blocks == nil { blocks = files[file].blocks(from: file == start.file ? start : nil) }
            if let block = try blocks?.next() { return block }
            blocks = nil
            file += 1
        }
        return nil
    }
}
