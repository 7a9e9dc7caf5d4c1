internal import Glibc
internal import Systems

/// Writes one shard under temporary names, and gives it its own when it is whole: a folder never holds half a shard.
struct ShardWriter: ~Copyable {
    private let folder: String
    private var shard: ShardManifest.Shard
    private var file: Int32
    private var bytes: [UInt8] = []
    private var hash = SHA256()
    private var offsets: [UInt64] = [0]
    private var histogram = LengthHistogram()

    private static let bufferBytes = 1 << 20
    static let partial = ".partial"

    init(folder: String, number: Int) throws(SystemError) {
        self.folder = folder
        shard = .init(
            name: ShardManifest.name(number), samples: 0, tokens: 0, counted: 0, longest: 0, truncated: 0,
            tokensHash: "", indexHash: "", histogram: [])
        file = try File.create("\(folder)/\(shard.tokensFile)\(Self.partial)")
    }

    deinit { if file >= 0 { close(file) } }

    var samples: Int { shard.samples }

    mutating func add(_ words: ArraySlice<UInt32>, isCut: Bool) throws(SystemError) {
        shard.samples += 1
        shard.tokens += words.count
        shard.longest = max(shard.longest, words.count)
        shard.counted += words.count { $0 & ShardSet.countBit != 0 }
        if isCut { shard.truncated += 1 }
        histogram.add(words.count)
        offsets.append(UInt64(shard.tokens))
        for word in words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        if bytes.count >= Self.bufferBytes { try flush() }
    }

    /// Ends the shard: both files are on the disk when this returns.
    mutating func finish() throws(SystemError) -> ShardManifest.Shard {
        try flush()
        shard.tokensHash = hash.finish()
        try Self.sync(file, "\(folder)/\(shard.tokensFile)")
        close(file)
        file = -1
        var index: [UInt8] = []
        index.reserveCapacity(offsets.count * 8)
        for offset in offsets { withUnsafeBytes(of: offset.littleEndian) { index.append(contentsOf: $0) } }
        var indexHash = SHA256()
        indexHash.add(index)
        shard.indexHash = indexHash.finish()
        shard.histogram = histogram.bins
        try Self.write(index, to: "\(folder)/\(shard.indexFile)")
        try Self.rename("\(folder)/\(shard.tokensFile)")
        try Self.syncFolder(folder)
        return shard
    }

    private mutating func flush() throws(SystemError) {
        try File.write(bytes, to: file, path: "\(folder)/\(shard.tokensFile)")
        hash.add(bytes)
        bytes.removeAll(keepingCapacity: true)
    }

    // MARK: Files that are whole or not there

    /// Writes a file, on the disk before it has its name.
    static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let file = try File.create(path + partial)
        do throws(SystemError) {
            try File.write(bytes, to: file, path: path)
            try sync(file, path)
        } catch {
            close(file)
            throw error
        }
        close(file)
        try rename(path)
    }

    static func syncFolder(_ folder: String) throws(SystemError) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", folder) }
        defer { close(file) }
        try sync(file, folder)
    }

    private static func rename(_ path: String) throws(SystemError) {
        guard Glibc.rename(path + partial, path) == 0 else { throw SystemError("replace", path) }
    }

    private static func sync(_ file: Int32, _ path: String) throws(SystemError) {
        guard fsync(file) == 0 else { throw SystemError("sync", path) }
    }
}
