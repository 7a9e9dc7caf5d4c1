import Datasets
import Foundation
import TestSupport
import Testing

/// What cannot be trained on is found before work starts.
@Suite struct ScanTests {
    private let nowhere = ScanCache(folder: nil)

    @Test(arguments: [TokenFile.Element.u16, .i32], [0, 777_776, 777_777])
    func `a token outside the vocabulary is found wherever it is`(_ type: TokenFile.Element, _ place: Int) throws {
        let folder = try TemporaryFolder()
        var bytes = [UInt8](repeating: 0, count: 777_778 * type.size)
        bytes[place * type.size] = 60
        let path = try folder.write(bytes, to: "tokens")
        let file = try TokenFile(path: path, type: type)
        try TokenDataset(source: file, sequence: 7, vocabulary: 61).check(samples: .max, cache: nowhere)
        let dataset = try TokenDataset(source: file, sequence: 7, vocabulary: 60)
        try expectError(
            "\(path): token \(place) (byte offset \(place * type.size)): "
                + "token 60 is outside the vocabulary of 60: expected 0 to 59"
        ) {
            try dataset.check(samples: .max, cache: nowhere)
        }
    }

    @Test func `negative tokens and bytes of text are found too`() throws {
        let folder = try TemporaryFolder()
        let negative = try folder.write([1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], to: "negative")
        let tokens = try TokenDataset(source: TokenFile(path: negative, type: .i32), sequence: 1, vocabulary: 9)
        #expect(throws: DatasetError.self) { try tokens.check(samples: 1, cache: nowhere) }
        let paths = try [("a", "abc"), ("b", ""), ("c", "dé")].map { try folder.write($1.utf8, to: $0) }
        let text = try TokenDataset(source: TextTokens(paths: paths), sequence: 5, vocabulary: 128)
        try expectError(
            "\(paths[2]): token 1 (byte offset 1): token 195 is outside the vocabulary of 128: expected 0 to 127"
        ) {
            try text.check(samples: 1, cache: nowhere)
        }
    }

    @Test func `only what the run will read is looked at`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 0, 1, 0, 1, 0, 1, 0, 99, 0], to: "tokens")
        let dataset = try TokenDataset(source: TokenFile(path: path, type: .u16), sequence: 1, vocabulary: 9)
        try dataset.check(samples: 3, cache: nowhere)
        #expect(throws: DatasetError.self) { try dataset.check(samples: 4, cache: nowhere) }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func `a row that is not finite is named`(_ odd: Float) throws {
        let folder = try TemporaryFolder()
        let rows: [Float] = [1, -2, .greatestFiniteMagnitude, 4, odd, 6]
        let path = try folder.write(rows.withUnsafeBytes { Array($0) }, to: "rows")
        let file = try RowFile(path: path, inputs: 2, targets: 1)
        try file.check(samples: 1, cache: nowhere)
        try expectError("\(path): row 1, value 1 (byte offset 16) is not finite: expected a number") {
            try file.check(samples: 2, cache: nowhere)
        }
    }

    @Test func `a large file is searched once, and again when it was written to`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([], to: "tokens")
        #expect(truncate(path, 64 << 20) == 0)
        let cache = ScanCache(folder: folder.file("scans"))
        func open(_ vocabulary: Int = 9) throws -> TokenDataset {
            try TokenDataset(source: TokenFile(path: path, type: .u16), sequence: 1, vocabulary: vocabulary)
        }
        try open().check(samples: .max, cache: cache)
        let (same, smaller) = (try open(), try open(8))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data([99, 0]))
        try handle.close()
        // Opened before the change: to read would be to notice it.
        try same.check(samples: .max, cache: cache)
        #expect(throws: DatasetError.self) { try smaller.check(samples: .max, cache: cache) }
        #expect(throws: DatasetError.self) { try same.check(samples: .max, cache: nowhere) }
        try expectError(
            "\(path): token 0 (byte offset 0): token 99 is outside the vocabulary of 9: expected 0 to 8"
        ) {
            try open().check(samples: .max, cache: cache)
        }
    }

    @Test(arguments: ["", "x", "a\nb\nc\nd", "echelon scan 1\n9223372036854775808\n-1\n1\n"])
    func `a cache that holds something else is not believed`(_ text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([], to: "tokens")
        #expect(truncate(path, 64 << 20) == 0)
        let cache = ScanCache(folder: folder.file("scans"))
        let dataset = try TokenDataset(source: TokenFile(path: path, type: .u16), sequence: 1, vocabulary: 9)
        try dataset.check(samples: .max, cache: cache)
        let kept = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.file("scans")).first)
        try folder.write(text.utf8, to: "scans/" + kept)
        try dataset.check(samples: .max, cache: cache)
    }

    @Test(arguments: [
        ("\u{93}NUMPY\u{1}", "is a NumPy file: write raw numbers with array.tofile(…)"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a Git LFS pointer"),
        ("PK\u{3}\u{4}archive/data.pkl", "is a file of PyTorch's torch.save"),
    ])
    func `another format is not taken for tokens`(_ head: String, _ message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(head.unicodeScalars.map { UInt8($0.value) } + [0, 0, 0, 0], to: "tokens")
        let tokens = try #require(throws: DatasetError.self) { try TokenFile(path: path, type: .u16) }
        let rows = try #require(throws: DatasetError.self) { try RowFile(path: path, inputs: 1, targets: 1) }
        #expect(tokens.description.hasPrefix("\(path) \(message)") && rows == tokens)
    }
}
