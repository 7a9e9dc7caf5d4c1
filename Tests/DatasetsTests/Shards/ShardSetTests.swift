import Datasets
import Foundation
import TestSupport
import Testing

/// Reading what was prepared.
@Suite struct ShardSetTests {
    private let prepared: Prepared
    private let nowhere = ScanCache(folder: nil)

    init() throws {
        var prepared = try Prepared()
        prepared.settings.shardSamples = 3
        self.prepared = prepared
    }

    private func set() throws -> ShardSet {
        try prepared.shards(
            of: (0..<8).map { "{\"prompt\": \"\(String(repeating: "p", count: $0))\", \"response\": \"\($0)\"}\n" }
                .joined())
    }

    @Test func `samples are read by number over all shards`() throws {
        let set = try set()
        #expect(set.sampleCount == 8 && set.manifest.shards.map(\.samples) == [3, 3, 2] && set.longest == 9)
        var lengths: [Int] = []
        try set.lengths(of: 1..<7) { _, length in lengths.append(length) }
        #expect(try (1..<7).map { try set.length(ofSample: $0) } == lengths)
        #expect(lengths == [3, 4, 5, 6, 7, 8])
        var words = [UInt32](repeating: 0, count: set.longest)
        for sample in [7, 0, 3] {
            let count = try words.withUnsafeMutableBufferPointer { try set.copy(sample: sample, into: $0) }
            let expected =
                [UInt32](repeating: 0x70, count: sample) + [0x30 + UInt32(sample), 256].map { $0 | ShardSet.countBit }
            // The first token of a sample is predicted from nothing.
            let first = [expected[0] & ShardSet.idMask] + expected.dropFirst()
            #expect(Array(words[..<count]) == first)
            #expect(try set.withSample(sample) { Array($0) } == first)
        }
    }

    @Test func `a data set of shards is what a file of the same samples is`() throws {
        let set = try set()
        var lines = ""
        for sample in 0..<8 {
            let runs = try set.runs(ofSample: sample)
            let labels = runs.flatMap { run in run.counts ? run.ids : run.ids.map { _ in -100 } }
            lines += "{\"input_ids\": \(runs.flatMap(\.ids)), \"labels\": \(labels)}\n"
        }
        let path = try prepared.folder.get().write(lines, to: "same.jsonl")
        for sequence in [8, 9, 12] {
            let file = try SampleFile(path: path, sequence: sequence, vocabulary: 257)
            let shards = try ShardDataset(set, sequence: sequence, vocabulary: 257)
            #expect(shards.inputSpec == file.inputSpec && shards.targetSpec == file.targetSpec)
            for index in 0..<8 {
                #expect(try sample(index, of: shards, as: Int32.self) == sample(index, of: file, as: Int32.self))
                #expect(try shards.targetCount(sample: index) == file.targetCount(sample: index))
            }
            #expect(try shards.untargeted(among: 8, cache: nowhere) == nil)
        }
        #expect(try ShardDataset(set, vocabulary: 257).sequence == 9)
        #expect(throws: DatasetError.self) { try ShardDataset(set, sequence: 7, vocabulary: 257) }
    }

    @Test func `a token outside the vocabulary is named`() throws {
        let set = try set()
        try expectError(
            "\(prepared.file("out/tokens-00000.u32")): token 1 (byte offset 4): token 256 is outside the vocabulary of 256: "
                + "expected 0 to 255"
        ) { try set.check(vocabulary: 256, cache: nowhere) }
    }

    @Test func `a damaged shard is named`() throws {
        let original = try set()
        let folder = try prepared.folder.get()
        let tokens = try folder.bytes("out/tokens-00001.u32")
        var other = tokens
        other[0] ^= 1
        try folder.write(other, to: "out/tokens-00001.u32")
        let changed = try #require(throws: DatasetError.self) {
            try ShardSet(path: original.path).check(vocabulary: 257, cache: nowhere)
        }
        #expect(
            changed.description.contains(
                "out/tokens-00001.u32: expected the SHA-256 that manifest.json says, got another"))
        try folder.write(tokens.dropLast(), to: "out/tokens-00001.u32")
        let short = try #require(throws: DatasetError.self) { try ShardSet(path: original.path) }
        #expect(short.description.contains("out/tokens-00001.u32: expected"))
        try folder.write(tokens, to: "out/tokens-00001.u32")
        try folder.write([UInt8](repeating: 0xFF, count: 32), to: "out/index-00001.u64")
        let set = try ShardSet(path: original.path)
        for read in [{ _ = try set.length(ofSample: 4) }, { try set.check(vocabulary: 257, cache: self.nowhere) }] {
            let error = try #require(throws: DatasetError.self) { try read() }
            #expect(error.description.contains("out/index-00001.u64") && error.description.contains("damaged"))
        }
    }

    @Test func `a manifest that is not ours is refused`() throws {
        let path = try set().path
        let folder = try prepared.folder.get()
        let text = try folder.text("out/manifest.json")
        for (old, new) in [
            ("\"version\" : 1", "\"version\" : 2"), ("\"samples\" : 8", "\"samples\" : 9"), ("{", "["),
            ("\"name\" : \"00001\"", "\"name\" : \"../x\""),
            ("\"longest\" : 9", "\"longest\" : 99999999999999999999999"),
            ("\"vocabulary\" : 257", "\"vocabulary\" : -1"), ("\"tokens\"", "\"token\""),
        ] {
            try folder.write(text.replacingOccurrences(of: old, with: new), to: "out/manifest.json")
            let error = try #require(throws: DatasetError.self) { try ShardSet(path: path) }
            #expect(error.description.contains("out/manifest.json"), "\(old): \(error)")
        }
        try FileManager.default.removeItem(atPath: folder.file("out/manifest.json"))
        #expect(throws: DatasetError.self) { try ShardSet(path: path) }
    }

    @Test func `that all was well is kept for the next run`() throws {
        let set = try set()
        let cache = ScanCache(folder: try prepared.file("cache"))
        try set.check(vocabulary: 257, cache: cache)
        #expect(try prepared.folder.get().files.filter { $0.hasPrefix("cache/") }.count == 1)
        try set.check(vocabulary: 257, cache: cache)
        #expect(throws: DatasetError.self) { try set.check(vocabulary: 256, cache: cache) }
    }
}
