import Datasets
import Foundation
import TestSupport
import Testing

/// Files that change while they are trained on.
@Suite struct ChangedFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = try folder.write((0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 2 % 251) }, to: "t.u16")
    }

    @Test func `a token file that is cut short ends in an error with its name at the next read`() throws {
        let file = try TokenFile(path: path, type: .u16)
        #expect(truncate(path, 2000) == 0)
        let message = "it had 200000 bytes when it was opened and has 2000 now: it was cut short or replaced meanwhile"
        for range in [50_000..<50_100, 990..<1010, 0..<10] {
            try expectError("\(path): cannot read: \(message)") { try tokens(file, range) }
        }
    }

    @Test func `rows and text that are cut short likewise`() throws {
        let rows = try RowFile(path: path, inputs: 1, targets: 1)
        let text = try TextTokens(paths: [path])
        #expect(truncate(path, 0) == 0)
        let error = try #require(throws: DatasetError.self) { try sample(0, of: rows, as: Float.self) }
        #expect(error.description.contains("has 0 now"))
        let other = try #require(throws: DatasetError.self) { try tokens(text, 5..<9) }
        #expect(other.description.hasPrefix(path))
    }

    @Test func `other contents written in place are an error though the size is the same`() throws {
        let file = try TokenFile(path: path, type: .u16)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data(repeating: 7, count: 200_000))
        try handle.close()
        try expectError("\(path): cannot read: it was changed or replaced since it was opened") {
            try tokens(file, 0..<10)
        }
    }

    @Test func `a new time stamp, an appended line and a new file under the old name end no run`() throws {
        let file = try TokenFile(path: path, type: .u16)
        let whole = try tokens(file, 0..<file.count)
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        #expect(try tokens(file, 0..<file.count) == whole)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("more".utf8))
        try handle.close()
        #expect(try tokens(file, 0..<file.count) == whole)
        let other = try folder.write([1, 2], to: "other")
        #expect(rename(other, path) == 0)
        #expect(try tokens(file, 0..<file.count) == whole)
    }

    @Test func `a long list of text files needs few descriptors`() throws {
        let paths = try (0..<200).map { try folder.write("\($0) ".utf8, to: "\($0).txt") }
        let text = try TextTokens(paths: paths)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
                .hasPrefix(folder.path) == true
        }
        #expect(open == 64)
        #expect(ByteTokenizer().decode(try tokens(text, text.count - 8..<text.count)) == "198 199 ")
        #expect(rename(paths[0], paths[199]) == 0)
        try expectError("\(paths[199]): cannot read: it was changed or replaced since it was opened") {
            try tokens(text, text.count - 1..<text.count)
        }
    }
}
