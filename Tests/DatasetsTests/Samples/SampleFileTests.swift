import Datasets
import Foundation
import TestSupport
import Testing

/// Samples that were tokenised before: `{"input_ids": […], "labels": […]}` a line.
@Suite struct SampleFileTests {
    private let folder: TemporaryFolder
    private let nowhere = ScanCache(folder: nil)

    init() throws { folder = try TemporaryFolder() }

    private func open(_ text: String, sequence: Int = 4, vocabulary: Int = 100) throws -> SampleFile {
        try SampleFile(path: folder.write(text, to: "s.jsonl"), sequence: sequence, vocabulary: vocabulary)
    }

    @Test func `the target of a position is the label of the next one and padding does not count`() throws {
        let file = try open(
            """
            {"input_ids": [5, 6, 7, 8], "labels": [-100, -100, 7, 8]}
            {"input_ids": [9, 10], "labels": [9, 10]}
            {"input_ids": [11], "labels": [11]}
            """)
        #expect(file.sampleCount == 3)
        let first = try sample(0, of: file, as: Int32.self)
        #expect(first.input == [5, 6, 7, 8] && first.target == [-100, 7, 8, -100])
        let second = try sample(1, of: file, as: Int32.self)
        #expect(second.input == [9, 10, 0, 0] && second.target == [10, -100, -100, -100])
        let third = try sample(2, of: file, as: Int32.self)
        #expect(third.input == [11, 0, 0, 0] && third.target == [-100, -100, -100, -100])
        #expect(try (0..<3).map { try file.targetCount(sample: $0) } == [2, 1, 0])
    }

    @Test func `without labels every id counts`() throws {
        let file = try open(#"{"input_ids": [5, 6, 7]}"#)
        #expect(try sample(0, of: file, as: Int32.self).target == [6, 7, -100, -100])
        #expect(try file.targetCount(sample: 0) == 2)
    }

    @Test func `a sample may have one id more than the sequence since the last one is only a target`() throws {
        let file = try open(#"{"input_ids": [1, 2, 3, 4, 5]}"#)
        try file.check(samples: .max, cache: nowhere)
        let (input, target) = try sample(0, of: file, as: Int32.self)
        #expect(input == [1, 2, 3, 4] && target == [2, 3, 4, 5])
    }

    @Test func `lines of a stream that overlap by one id are the samples of its token file`() throws {
        let ids = (0..<33).map { UInt16($0 * 7 % 61) }
        let tokens = try TokenDataset(
            source: TokenFile(path: folder.write(tokens: ids, to: "t.u16"), type: .u16), sequence: 8, vocabulary: 61)
        let lines = (0..<4).map { "{\"input_ids\": \(ids[$0 * 8...$0 * 8 + 8].map(Int.init))}\n" }
        let file = try open(lines.joined(), sequence: 8, vocabulary: 61)
        #expect(file.sampleCount == tokens.sampleCount)
        for index in 0..<4 {
            #expect(try sample(index, of: file, as: Int32.self) == sample(index, of: tokens, as: Int32.self))
        }
    }

    @Test(arguments: [
        #"{"input_ids":[5,6,7],"labels":[-100,6,7]}"#,
        "\t{ \"labels\" :[ -100 , 6,7 ] ,\r \"input_ids\":[\t5,6,7 ]\t} \r\n",
        "\u{FEFF}\n \n\r\n{\"input_ids\": [5, 6, 7], \"labels\": [-100, 6, 7]}\r\n\n   \n",
        #"{"text": "a \"b\" \u00e9 é {[,", "input_ids": [5, 6, 7], "labels": [-100, 6, 7], "id": 17, "why": null}"#,
        #"{"length": 3, "input_ids": [5, 6, 7], "special_tokens_mask": [1, 0, 0], "labels": [-100, 6, 7]}"#,
        #"{"input_ids": [5, 6, 7], "labels": [-100, 6, 7], "attention_mask": [1, 1, 1], "token_type_ids": [0, 0, 0]}"#,
        #"{"input_ids": [5, 6, 7], "labels": [-0100, 6, 7], "position_ids": [0, 1, 2]}"#
            .replacing("-0100", with: "-100"),
        // Padded: what the mask leaves out is padding of ours.
        #"{"input_ids": [5, 6, 7, 2, 2, 2], "labels": [-100, 6, 7, -100, -100, -100], "attention_mask": [1, 1, 1, 0, 0, 0]}"#,
    ])
    func `blanks, order and keys that train nothing change nothing`(_ text: String) throws {
        let file = try open(text)
        #expect(file.sampleCount == 1)
        try file.check(samples: .max, cache: nowhere)
        let (input, target) = try sample(0, of: file, as: Int32.self)
        #expect(input == [5, 6, 7, 0] && target == [6, 7, -100, -100])
    }

    @Test func `what the mask leaves out does not count without labels either`() throws {
        let file = try open(#"{"input_ids": [5, 6, 2, 2], "attention_mask": [1, 1, 0, 0]}"#)
        #expect(try sample(0, of: file, as: Int32.self).target == [6, -100, -100, -100])
        #expect(try SampleFile.longestSample(path: folder.file("s.jsonl"), cache: nowhere) == 2)
    }

    @Test func `the longest sample gives the length where none is written`() throws {
        _ = try open("{\"input_ids\": [1, 2]}\n{\"input_ids\": [1, 2, 3, 4, 5, 6, 7]}\n{\"input_ids\": [1]}\n")
        #expect(try SampleFile.longestSample(path: folder.file("s.jsonl"), cache: nowhere) == 7)
    }

    @Test func `the normaliser counts what is not ignored in the global batch`() throws {
        let file = try open(
            """
            {"input_ids": [1, 2, 3], "labels": [-100, -100, 3]}
            {"input_ids": [1, 2, 3, 4], "labels": [1, 2, 3, 4]}
            {"input_ids": [1, 2], "labels": [-100, -100]}
            """)
        let plan = BatchPlan(sampleCount: 3, micro: 1, microBatches: 3, order: .sequential)
        #expect(try plan.contents(of: file, step: 0).targets == 4)
        let reader = try Prefetcher(file, plan, steps: 0..<2, depth: 2)
        for _ in 0..<6 { #expect(try reader.next()?.buffer.step.targets == 4) }
    }

    @Test func `a step in which nothing counts is named before it is trained`() throws {
        let counting = #"{"input_ids": [1, 2], "labels": [1, 2]}"#
        let empty = #"{"input_ids": [1, 2], "labels": [1, -100]}"#
        let file = try open([counting, "", empty, empty, counting, empty, empty].joined(separator: "\n"))
        let path = folder.file("s.jsonl")
        func plan(_ global: Int) -> BatchPlan {
            BatchPlan(sampleCount: 6, micro: 1, microBatches: global, order: .sequential)
        }
        for steps in [1, 2, 1000] { try plan(3).checkTargets(of: file, steps: steps, cache: nowhere) }
        try plan(2).checkTargets(of: file, steps: 2, cache: nowhere)
        try expectError(
            "\(path):6, \(path):7: no label counts in step 3, which trains on nothing else; "
                + "leave such samples out (labels of -100 alone), or use a larger batch"
        ) { try plan(2).checkTargets(of: file, steps: 3, cache: nowhere) }
        let many = try open((0..<9).map { _ in empty + "\n" }.joined())
        let huge = BatchPlan(sampleCount: 9, micro: 1 << 14, microBatches: 1 << 20, order: .shuffled(seed: 1))
        let error = try #require(throws: DatasetError.self) {
            try huge.checkTargets(of: many, steps: .max, cache: nowhere)
        }
        #expect(error.description.hasPrefix("\(path):1, \(path):2, \(path):3, \(path):4 and 5 more: no label"))
    }

    @Test func `other contents under the name end the run and never train it wrongly`() throws {
        let lines = (0..<2000).map { "{\"input_ids\": [\($0 % 90), 2, 3]}\n" }.joined()
        let file = try open(lines)
        let path = folder.file("s.jsonl")
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data(lines.replacing("[", with: "{").utf8))
        try handle.close()
        try expectError("\(path): cannot read: it was changed or replaced since it was opened") {
            try sample(1000, of: file, as: Int32.self)
        }
        let other = try open(lines)
        #expect(truncate(path, 100) == 0)
        let error = try #require(throws: DatasetError.self) { try sample(1000, of: other, as: Int32.self) }
        #expect(error.description.contains("it was cut short or replaced meanwhile"))
    }

    @Test func `samples are read from anywhere in a file of many blocks`() throws {
        let count = 40_000
        let lines = (0..<count).map {
            "{\"input_ids\": [\($0), \($0 + 1)], \"text\": \"\(String(repeating: "é", count: $0 % 40))\"}"
        }
        let file = try open(lines.joined(separator: "\n"), vocabulary: count + 1)
        #expect(file.sampleCount == count)
        try file.check(samples: .max, cache: nowhere)
        for index in [0, 1, 12_345, 39_998, 39_999] {
            #expect(try sample(index, of: file, as: Int32.self).input == [Int32(index), Int32(index + 1), 0, 0])
        }
        let smaller = try open(lines.joined(separator: "\n"), vocabulary: 30_000)
        try expectError(
            "\(folder.file("s.jsonl")):30000: expected 0 to 29999, the vocabulary, got input_ids[1] = 30000"
        ) {
            try smaller.check(samples: .max, cache: nowhere)
        }
        // What the run does not read is not looked at.
        try smaller.check(samples: 29_999, cache: nowhere)
    }

    @Test func `a large file is parsed once until it is written to`() throws {
        let text = String(repeating: "x", count: 15 << 20)
        let lines = (0..<5).map { "{\"input_ids\": [1, \($0)], \"text\": \"\(text)\"}\n" }
        let path = try folder.write(lines.joined(), to: "s.jsonl")
        let cache = ScanCache(folder: folder.file("scans"))
        func open(_ vocabulary: Int) throws -> SampleFile {
            try SampleFile(path: path, sequence: 2, vocabulary: vocabulary)
        }
        let (before, smaller) = (try open(5), try open(4))
        try before.check(samples: .max, cache: cache)
        // The last line, and its last number.
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seek(toOffset: UInt64(4 * lines[0].utf8.count + 18))
        try handle.write(contentsOf: Data("7".utf8))
        try handle.close()
        // Opened before the change: to read would be to notice it.
        try before.check(samples: .max, cache: cache)
        try before.check(samples: 2, cache: cache)
        #expect(throws: DatasetError.self) { try smaller.check(samples: .max, cache: cache) }
        try expectError("\(path):5: expected 0 to 4, the vocabulary, got input_ids[1] = 7") {
            try open(5).check(samples: .max, cache: cache)
        }
    }
}
