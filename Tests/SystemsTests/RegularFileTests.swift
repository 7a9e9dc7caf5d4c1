import Glibc
import Systems
import Testing

@Suite struct RegularFileTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/systems-tests-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    private func bytes(_ file: RegularFile, _ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { _ = try file.read(at: range.lowerBound, into: $0) }
        return bytes
    }

    @Test(arguments: [true, false]) func `a file is read anywhere, and its end is an error`(_ staysOpen: Bool) throws {
        let path = folder + "/file"
        try File.write((0..<100).map { UInt8($0) }, to: path)
        let file = try RegularFile(path, staysOpen: staysOpen)
        #expect(try bytes(file, 98..<100) == [98, 99] && bytes(file, 7..<7) == [] && file.head(3) == [0, 1, 2])
        #expect(throws: SystemError.self) { try bytes(file, 99..<101) }
        #expect(truncate(path, 10) == 0)
        let error = #expect(throws: SystemError.self) { try bytes(file, 0..<1) }
        #expect(error?.reason == .shrunk(from: 100, to: 10))
    }

    @Test func `what is no regular file is refused at once, also a pipe that nobody writes to`() throws {
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        for path in [folder, folder + "/pipe", "/dev/zero"] {
            let error = #expect(throws: SystemError.self) { try RegularFile(path) }
            #expect(error?.reason == .notRegular)
        }
        #expect(#expect(throws: SystemError.self) { try RegularFile(folder + "/none") }?.isMissing == true)
    }

    @Test func `a name tells by its identity whether it was written to`() throws {
        let path = folder + "/file"
        try File.write("one".utf8, to: path)
        let first = try RegularFile(path).identity
        #expect(chmod(path, 0o600) == 0)
        #expect(try RegularFile(path).identity.hasSameContents(as: first))
        try File.replace(path, with: "two".utf8)
        #expect(try !RegularFile(path).identity.isSameFile(as: first))
    }

    @Test func `free room is that of the file system a path is on`() throws {
        #expect(try File.freeBytes(at: folder) > 0)
        #expect(try File.freeBytes(at: "/proc") == 0)
        #expect(throws: SystemError.self) { try File.freeBytes(at: folder + "/none") }
    }

    @Test func `bytes that are no known format are none`() {
        for head in [[1, 0, 2, 0], Array("Some text.".utf8), [0x50], [0x80, 0x01]] as [[UInt8]] {
            #expect(ForeignFile(head: head) == nil)
        }
        #expect(ForeignFile(head: []) == .empty)
    }
}
