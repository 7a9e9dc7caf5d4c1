import Tokenizers

@testable import Datasets

extension FuzzTarget {
    private static let folder = FuzzFolder("datasets")
    /// Six tokens, four of which count.
    private static let tokens: [UInt8] = [0, 1, 0, 1, 1, 1].flatMap { [1, 0, 0, $0 << 7] }
    private static let formats: [RecordFormat] = [.jsonl, .csv, .tsv, .text]

    static let datasets = [
        FuzzTarget("samples") { bytes in
            let file = try SampleFile(path: folder.put(bytes, as: "x.jsonl"), sequence: 16, vocabulary: 100)
            try read(file)
        },
        // A first byte says the format; what the fuzzer finds of one helps with the others.
        FuzzTarget("records") { bytes in
            var settings = PreparationSettings()
            settings.format = formats[Int(bytes.first ?? 0) % formats.count]
            settings.longest = 32
            let path = folder.put(Array(bytes.dropFirst()), as: "x")
            let coder = try SampleCoder(BytesTokenizer(), .plain, end: 0)
            try read(RecordFile(path: path, number: 0, settings, vocabulary: 256), coder, settings)
        },
        FuzzTarget("token-index") { bytes in
            let path = folder.put((0..<64).map { $0 }, as: "x.bin")
            folder.put(bytes, as: "x.idx")
            var settings = PreparationSettings()
            settings.format = .megatron
            try read(RecordFile(path: path, number: 0, settings, vocabulary: 1 << 20), nil, settings)
        },
        FuzzTarget("shards", longest: 4096) { bytes in
            let parts = bytes.parts(2)
            folder.put(parts[0], as: ShardManifest.fileName)
            folder.put(parts[1], as: "index-00000.u64")
            folder.put(tokens, as: "tokens-00000.u32")
            let manifest = try ShardManifest.load(folder: folder.path)
            _ = manifest.summary(of: folder.path) + manifest.picture(width: 80)
            let set = try ShardSet(path: folder.path)
            for sample in 0..<min(set.sampleCount, 64) {
                _ = set.location(of: sample)
                attempt { _ = try set.length(ofSample: sample) }
                attempt { try set.withSample(sample) { words in precondition(words.count <= set.longest) } }
            }
            try set.check(vocabulary: set.manifest.tokenizer.vocabulary, cache: ScanCache(folder: nil))
        },
    ]

    private static func read(_ file: SampleFile) throws {
        let cache = ScanCache(folder: nil)
        attempt { _ = try file.untargeted(among: file.sampleCount, cache: cache) }
        for sample in 0..<min(file.sampleCount, 32) {
            _ = file.location(of: sample)
            attempt { _ = try file.tokenCount(ofSample: sample) }
            attempt { _ = try file.targetCount(sample: sample) }
        }
        try file.check(samples: file.sampleCount, cache: cache)
    }

    private static func read(_ file: RecordFile, _ coder: SampleCoder?, _ settings: PreparationSettings) throws {
        var blocks = file.blocks(from: nil)
        var records = 0
        while let block = try blocks.next() {
            for entry in block.entries where records < 256 {
                records += 1
                attempt {
                    let record = try file.record(entry, of: block)
                    try coder?.use(record, settings)
                }
                _ = file.location(entry, column: nil)
                _ = file.bytes(before: entry.next)
            }
        }
    }
}

extension SampleCoder {
    fileprivate func use(_ record: Record, _ settings: PreparationSettings) throws {
        var buffer = SampleBuffer()
        try add(record, longest: settings.longest, to: &buffer)
    }
}
