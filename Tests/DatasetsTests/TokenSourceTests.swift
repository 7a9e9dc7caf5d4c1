import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct TokenSourceTests {
    @Test func `reads tokens of both types`() throws {
        let folder = try TemporaryFolder()
        let small = try TokenFile(path: folder.write([1, 0, 0xFF, 0xFF, 2, 1], to: "a.u16"), type: .u16)
        #expect(small.count == 3)
        #expect(try tokens(small, 0..<3) == [1, 65535, 258])
        #expect(try tokens(small, 2..<3) == [258])
        #expect(small.location(of: 2).byte == 4)
        let wide = try TokenFile(path: folder.write([1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF], to: "a.i32"), type: .i32)
        #expect(try tokens(wide, 0..<2) == [1, -2])
        #expect(wide.location(of: 1).byte == 4)
    }

    @Test func `refuses files that are missing torn or no files`() throws {
        let folder = try TemporaryFolder()
        let torn = try folder.write([1, 2, 3], to: "torn")
        try expectError("\(torn): expected a multiple of 2 bytes for tokens of type u16, got 3 bytes") {
            try TokenFile(path: torn, type: .u16)
        }
        try expectError("\(folder.file("none")): cannot open: No such file or directory") {
            try TokenFile(path: folder.file("none"), type: .i32)
        }
        try expectError("\(folder.path): cannot read: not a regular file") { try TextTokens(paths: [folder.path]) }
        #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
        try expectError("\(folder.file("pipe")): cannot read: not a regular file") {
            try TextTokens(paths: [folder.file("pipe")])
        }
    }

    @Test func `text files follow each other with nothing between`() throws {
        let folder = try TemporaryFolder()
        let paths = try [("a", "ab"), ("b", ""), ("c", "c"), ("d", ""), ("e", "déf"), ("f", "")].map {
            try folder.write($1.utf8, to: $0)
        }
        let text = try TextTokens(paths: paths)
        let whole = Array("abcdéf".utf8).map { Int32($0) }
        #expect(text.count == whole.count)
        for start in 0...whole.count {
            for end in start...whole.count { #expect(try tokens(text, start..<end) == Array(whole[start..<end])) }
        }
        #expect(text.location(of: 2) == TokenLocation(source: paths[2], token: 0, byte: 0))
        #expect(text.location(of: 6) == TokenLocation(source: paths[4], token: 3, byte: 3))
        #expect(try TextTokens(paths: []).count == 0)
    }

    @Test func `random tokens depend on seed and index alone`() throws {
        let random = try RandomTokens(count: 20_000, vocabulary: 10, seed: 3)
        let whole = try tokens(random, 0..<20_000)
        #expect(try tokens(random, 700..<900) == Array(whole[700..<900]))
        #expect(try tokens(RandomTokens(count: 30_000, vocabulary: 10, seed: 3), 0..<20_000) == whole)
        #expect(try tokens(RandomTokens(count: 20_000, vocabulary: 10, seed: 4), 0..<20_000) != whole)
        // 2,000 each on average, with a deviation of 42.
        for token in Int32(0)..<10 { #expect((1800...2200).contains(whole.count { $0 == token })) }
        // Neighbours are independent: 200 pairs each on average, with a deviation of 14.
        for pair in 0..<100 {
            let count = zip(whole, whole.dropFirst()).count { $0 * 10 + $1 == pair }
            #expect((130...270).contains(count))
        }
        #expect(throws: DatasetError.self) { try RandomTokens(count: 0, vocabulary: 10, seed: 0) }
        #expect(throws: DatasetError.self) { try RandomTokens(count: 1, vocabulary: 0, seed: 0) }
    }

    @Test func `a ten-gigabyte file costs no memory`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([], to: "large.u16")
        #expect(truncate(path, 10_000_000_000) == 0)
        let before = try residentBytes()
        let file = try TokenFile(path: path, type: .u16)
        #expect(try tokens(file, file.count - 3..<file.count) == [0, 0, 0])
        #expect(try tokens(file, 2_500_000_000..<2_500_000_002) == [0, 0])
        #expect(try residentBytes() < before + 1_000_000_000)
    }

    private func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * 4096
    }
}

func tokens(_ source: any TokenSource, _ range: Range<Int>) throws -> [Int32] {
    var tokens = [Int32](repeating: -1, count: range.count)
    try tokens.withUnsafeMutableBufferPointer { try source.copy(range, into: $0) }
    return tokens
}

func expectError(_ message: String, _ body: () throws -> Any) throws {
    let error = try #require(throws: DatasetError.self) { _ = try body() }
    #expect(error.description == message)
}
