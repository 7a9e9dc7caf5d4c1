import Datasets
import Foundation
import TestSupport
import Testing

/// Files of samples that cannot be trained on: each is one message with file and line.
@Suite struct BadSampleTests {
    private let folder: TemporaryFolder
    private let nowhere = ScanCache(folder: nil)

    init() throws { folder = try TemporaryFolder() }

    private func check(_ bytes: some Sequence<UInt8>) throws {
        let path = try folder.write(bytes, to: "s.jsonl")
        try SampleFile(path: path, sequence: 4, vocabulary: 50).check(samples: .max, cache: nowhere)
    }

    /// The second line, and what is said of it behind the file's name.
    static let mistakes = [
        (#"{"input_ids": [1, 50]}"#, "2: expected 0 to 49, the vocabulary, got input_ids[1] = 50"),
        (#"{"input_ids": [1, 2], "labels": [1, 50]}"#, "2: expected 0 to 49, the vocabulary, got labels[1] = 50"),
        (#"{"input_ids": [1, -100]}"#, "2: expected a token id, got input_ids[1] = -100"),
        (
            #"{"input_ids": [1, 2], "labels": [1, -1]}"#,
            "2: expected a token id, or -100 for what does not count, got labels[1] = -1"
        ),
        (#"{"input_ids": [1, 2], "labels": [1]}"#, "2: expected as many labels as input_ids, 2, got 1"),
        (#"{"labels": [1, 2, 3, 4]}"#, "2: expected the key input_ids, got none"),
        (#"{"input_ids": [      ]}"#, "2: expected at least one of input_ids, got none"),
        (
            #"{"input_ids": [1, 2, 3, 4, 5, 6]}"#,
            "2: expected at most 5 ids, data.sequence and one more: raise data.sequence, or cut the sample, got 6"
        ),
        (#"{"input_ids": [1, 2.0]}"#, "2:19: expected a whole number below 2^31 for input_ids[1], got \"2.0\""),
        (#"{"input_ids": [1, 02]}"#, "2:19: expected a whole number below 2^31 for input_ids[1], got \"02\""),
        (#"{"input_ids": [1, 1e1]}"#, "2:19: expected a whole number below 2^31 for input_ids[1], got \"1e1\""),
        (#"{"input_ids": [1, "2"]}"#, "2:19: expected a whole number below 2^31 for input_ids[1], got \"\"\""),
        (
            #"{"input_ids": [1, 2147483648]}"#,
            "2:19: expected a whole number below 2^31 for input_ids[1], got \"2147483648\""
        ),
        (
            #"{"input_ids": [1, 99999999999999999999999]}"#,
            "2:19: expected a whole number below 2^31 for input_ids[1], got \"99999999999999999999999\""
        ),
        (#"{"input_ids": [1, 2,]}"#, "2:21: expected a whole number below 2^31 for input_ids[2], got \"]\""),
        (#"{"input_ids": [1, 2}    "#, "2:20: expected \"]\" or \",\" behind input_ids[1], got \"}\""),
        (#"{"input_ids": [1, 2]    "#, "2:26: expected \"}\" or \",\", got the line's end"),
        (#"{"input_ids": [[1, 2]]}"#, "2:16: expected a whole number below 2^31 for input_ids[0], got \"[\""),
        (#"{"input_ids": [1, 2]} x"#, "2:23: expected the line's end, got \"x\""),
        (#"{"input_ids": [1, 2], "input_ids": [1]}"#, "2:23: expected each key once, got \"input_ids\" again"),
        (
            #"{"input_ids": null, "labels": [1]}"#,
            "2:15: expected an array of whole numbers for \"input_ids\", got \"null\""
        ),
        (#"{'input_ids': [1, 2]}"#, "2:2: expected a key in quotes, got \"'\""),
        (
            #"[{"input_ids": [1, 2]}]"#,
            "2:1: expected an object: a sample a line, not all of them in one array, got \"[\""
        ),
        ("parquet would be binary", "2:1: expected \"{\", got \"parquet\""),
        (#"{"x": "not closed     "#, "2:24: expected the text's closing quote, got the line's end"),
        (#"{"x": "\x41", "y": 1, }"#, "2:8: expected a JSON escape, got \"\\\""),
        (#"{"x": "\u00g1", "y": ""}"#, "2:8: expected four hexadecimal digits behind \\u, got \"\\\""),
        ("{\"x\": \"a\tb\", \"y\": \"\"}", "2:9: expected an escape, got a control character in a text"),
        (
            #"{"input_ids": [1, 2], "weight": 0.5}"#,
            "2:23: expected only input_ids, labels, attention_mask, token_type_ids, position_ids, special_tokens_mask, "
                + "id, length and texts: what else stands in a line would not be trained on; leave it out, "
                + "got the key \"weight\""
        ),
        (
            #"{"input_ids": [1, 2], "attention_mask": [0, 1]}"#,
            "2: expected ones, then zeros for padding at the end, got attention_mask[1] = 1"
        ),
        (
            #"{"input_ids": [1, 2, 3], "attention_mask": [1, 2, 0]}"#,
            "2: expected ones, then zeros for padding at the end, got attention_mask[1] = 2"
        ),
        (
            #"{"input_ids": [1, 2], "attention_mask": [0, 0]}"#,
            "2: expected an attention_mask that begins with 1, got none"
        ),
        (
            #"{"input_ids": [1, 2], "labels": [1, 2], "attention_mask": [1, 0]}"#,
            "2: expected -100 where attention_mask is 0, got labels[1] = 2"
        ),
        (
            #"{"input_ids": [1, 2], "token_type_ids": [0, 1]}"#,
            "2: expected 0: no model here has token types, got token_type_ids[1] = 1"
        ),
        (
            #"{"input_ids": [1, 2, 3], "position_ids": [0, 1, 0]}"#,
            "2: expected 2: positions are counted from 0, one text a line, got position_ids[2] = 0"
        ),
        ("{}", "2: expected {\"input_ids\": […], \"labels\": […]}, got 2 bytes"),
    ]

    @Test(arguments: mistakes) func `a line that is no sample is named`(_ line: String, _ message: String) throws {
        try expectError("\(folder.file("s.jsonl")):\(message)") {
            try check("{\"input_ids\": [1, 2]}\n\(line)\n{\"input_ids\": [1, 2]}\n".utf8)
        }
    }

    @Test func `a text that is no UTF-8 is named`() throws {
        let line = Array(#"{"input_ids": [1], "text": "a"#.utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        try expectError("\(folder.file("s.jsonl")):1:29: expected UTF-8, got a text that is none") { try check(line) }
        try expectError("\(folder.file("s.jsonl")):1:2: expected a key in quotes, got the byte 0xFF") {
            try check([0x7B, 0xFF] + [UInt8](repeating: 0x20, count: 20))
        }
    }

    @Test func `a file without a line is refused and so is one of another format`() throws {
        let path = folder.file("s.jsonl")
        for text in ["", "\n \n"] {
            try expectError(
                "\(path): expected a line for each sample, {\"input_ids\": […], \"labels\": […]}, got \(text.utf8.count) bytes"
            ) { try check(text.utf8) }
        }
        try expectError("\(path) is a compressed file: unpack it with gunzip") { try check([0x1f, 0x8b, 8, 0]) }
    }

    @Test func `a line of more than 16 MiB is refused`() throws {
        let line = "{\"input_ids\": [1], \"text\": \"\(String(repeating: "x", count: 16 << 20))\"}"
        try expectError("\(folder.file("s.jsonl")):2: expected at most 16 MiB a line, got more") {
            try check("{\"input_ids\": [1]}\n\(line)\n".utf8)
        }
    }

    @Test func `blank lines behind a sample take no memory`() throws {
        let blank = [UInt8](repeating: 0x0A, count: 40 << 20)
        try check(Array("{\"input_ids\": [1, 2]}\n".utf8) + blank + Array("{\"input_ids\": [3]}".utf8))
        try expectError(
            "\(folder.file("s.jsonl")):\(blank.count + 2): expected 0 to 49, the vocabulary, got input_ids[0] = 77"
        ) { try check(Array("{\"input_ids\": [1, 2]}\n".utf8) + blank + Array("{\"input_ids\": [77]}".utf8)) }
    }

    @Test func `whatever bytes a line holds it is read or refused`() throws {
        var lines = Mutations(seed: 1)
        // One file of many lines, each of which is long enough to be looked at.
        let count = 2000
        let text = (0..<count).flatMap { _ in
            let line = lines.next().map { $0 == 0x0A ? 0x2C : $0 }
            return [0x7B] + line + [UInt8](repeating: 0x20, count: 17) + [0x0A]
        }
        let path = try folder.write(text, to: "s.jsonl")
        let file = try SampleFile(path: path, sequence: 4, vocabulary: 50)
        #expect(file.sampleCount == count)
        var read = 0
        for index in 0..<count {
            do {
                _ = try sample(index, of: file, as: Int32.self)
                read += 1
            } catch let error as DatasetError {
                #expect(error.description.hasPrefix("\(path):\(index + 1)"), "\(error)")
            }
        }
        #expect((1..<count).contains(read))
    }

    @Test func `whatever a file is cut into it is read or refused`() throws {
        var lines = Mutations(seed: 2)
        for _ in 0..<100 {
            do {
                try check([0x7B] + lines.next() + [0x0A, 0x7B] + lines.next())
            } catch let error as DatasetError {
                #expect(error.description.hasPrefix(folder.file("s.jsonl")), "\(error)")
            }
        }
    }
}

/// A good line behind its first byte, with a few bytes changed, dropped or doubled.
private struct Mutations {
    private static let line = Array(
        #""input_ids": [5, 6, 7], "labels": [-100, 6, 7], "attention_mask": [1, 1, 1], "text": "a\u00e9\"é"}"#.utf8)
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> [UInt8] {
        var line = Self.line
        for _ in 0..<below(3) {
            let place = below(line.count)
            switch below(4) {
            case 0: line[place] = UInt8(below(256))
            case 1: line[place] = 0x0A
            case 2: line.removeSubrange(place..<min(line.count, place + 1 + below(5)))
            default: line.insert(contentsOf: Self.line[below(Self.line.count)...].prefix(1 + below(9)), at: place)
            }
        }
        return line
    }

    private mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }
}
