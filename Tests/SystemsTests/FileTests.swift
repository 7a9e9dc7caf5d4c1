import Glibc
import Systems
import Testing

struct FileTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/systems-tests-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    @Test func `what is written is read again, also below folders that were missing`() throws {
        try File.makeFolder(folder + "/a/b/c")
        let path = folder + "/a/b/c/file"
        try File.write("one".utf8, to: path)
        try File.replace(path, with: "two".utf8)
        #expect(try File.text(path, limit: 3) == "two")
        #expect(try File.names(in: folder + "/a/b/c") == ["file"])
    }

    @Test func `a tilde is a name like any other`() throws {
        let path = folder + "/~"
        try File.makeFolder(path)
        try File.write("x".utf8, to: path + "/file")
        #expect(try File.names(in: folder) == ["~"])
        #expect(try File.absolute("~/x").hasSuffix("/~/x"))
    }

    @Test func `a file beyond the limit is refused with both numbers`() throws {
        let path = folder + "/large"
        try File.write([UInt8](repeating: 1, count: 100), to: path)
        let error = #expect(throws: SystemError.self) { _ = try File.read(path, limit: 99) }
        #expect(error?.description == "cannot read \(path): it has 100 bytes, expected at most 99")
    }

    @Test func `files of the kernel that claim no size are read`() throws {
        #expect(try File.text("/proc/self/status", limit: 1 << 20).contains("Pid:"))
    }

    @Test func `a folder and a missing file are told apart in our words`() throws {
        let missing = #expect(throws: SystemError.self) { _ = try File.read(folder + "/none", limit: 1) }
        #expect(missing?.isMissing == true)
        #expect(missing?.description == "cannot open \(folder)/none: No such file or directory")
        let directory = #expect(throws: SystemError.self) { _ = try File.read(folder, limit: 1 << 20) }
        #expect(directory?.description == "cannot read \(folder): Is a directory")
    }

    @Test func `removing a folder leaves what its links point to`() throws {
        try File.makeFolder(folder + "/kept")
        try File.write("x".utf8, to: folder + "/kept/file")
        try File.makeFolder(folder + "/gone/inner")
        #expect(symlink(folder + "/kept", folder + "/gone/inner/link") == 0)
        File.remove(folder + "/gone")
        #expect(try File.names(in: folder) == ["kept"])
        #expect(try File.names(in: folder + "/kept") == ["file"])
    }

    @Test(arguments: [(ENOSPC, true), (EDQUOT, true), (EAGAIN, true), (EMFILE, true), (ENOENT, false), (EACCES, false)])
    func `what is lacking now may be there later`(number: Int32, isLacking: Bool) {
        #expect(SystemError("write", "x", errno: number).isLacking == isLacking)
    }

    @Test func `a failed replacement keeps the old file and leaves no draft`() throws {
        let path = folder + "/kept"
        try File.makeFolder(path)
        try File.write("x".utf8, to: path + "/inside")
        #expect(throws: SystemError.self) { try File.replace(path, with: "y".utf8) }
        #expect(try File.names(in: folder) == ["kept"])
    }
}

struct PrintableTests {
    @Test(arguments: [
        ("plain ü 漢", "plain ü 漢"), ("\u{1b}]0;owned\u{7}", "\\u{1b}]0;owned\\u{7}"), ("a\nb", "a\\u{a}b"),
        ("\u{202e}evil", "\\u{202e}evil"), ("\u{9b}31m", "\\u{9b}31m"),
    ])
    func `what a terminal would act on is spelled out`(text: String, shown: String) {
        #expect(text.printable() == shown)
    }

    @Test func `a character of ten thousand marks is cut`() {
        let text = "e" + String(repeating: "\u{301}", count: 10_000)
        #expect(text.printable(limit: 10).unicodeScalars.count == 11)
    }
}
