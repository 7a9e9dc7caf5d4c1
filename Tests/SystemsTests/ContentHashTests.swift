import Glibc
import Systems
import Testing

struct ContentHashTests {
    /// The values of xxHash's own tools (`xxhsum -H1`, Python's xxhash) for seed 0.
    @Test(arguments: [
        ("", "0 bytes, hash ef46db3751d8e999"), ("a", "1 bytes, hash d24ec4f1a98c6e5b"),
        ("abc", "3 bytes, hash 44bc2cf5ad770999"),
        ("Nobody inspects the spammish repetition", "39 bytes, hash fbcea83c8a378bf1"),
    ])
    func `known texts have XXH64's known hashes`(text: String, shown: String) {
        #expect(ContentHash(Array(text.utf8)).description == shown)
    }

    private func temporary() throws -> String {
        var template = Array("/tmp/systems-tests-XXXXXX".utf8CString)
        return String(cString: try #require(mkdtemp(&template))) + "/file"
    }

    /// Around the pieces in which a file is read.
    @Test(arguments: [0, 1, 31, 32, 33, (1 << 20) - 1, 1 << 20, (1 << 20) + 5, (2 << 20) + 40])
    func `a file's hash is its bytes' hash`(count: Int) throws {
        let path = try temporary()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        try File.write(bytes, to: path)
        #expect(try ContentHash(path: path) == ContentHash(bytes))
    }

    @Test func `one bit in the middle makes another hash, and another identity`() throws {
        let path = try temporary()
        var bytes = [UInt8](repeating: 7, count: 5000)
        try File.write(bytes, to: path)
        let (hash, identity) = (try ContentHash(path: path), try FileIdentity(path: path))
        #expect(try FileIdentity(path: path) == identity)
        bytes[2500] ^= 1
        try File.replace(path, with: bytes)
        #expect(try ContentHash(path: path) != hash)
        #expect(try FileIdentity(path: path) != identity)
    }

    @Test func `a missing file is named`() {
        let error = #expect(throws: SystemError.self) { _ = try ContentHash(path: "/none/file") }
        #expect(error?.description == "cannot open /none/file: No such file or directory")
    }
}

struct DescriptorLimitTests {
    @Test func `the limit is never lowered, and never beyond what the system allows`() {
        let before = DescriptorLimit.current
        #expect(DescriptorLimit.raise(to: 8) == before.soft)
        #expect(DescriptorLimit.raise(to: .max) <= before.hard)
        #expect(DescriptorLimit.current.soft >= before.soft)
        #expect(DescriptorLimit.inUse >= 3 && DescriptorLimit.room > 0)
    }
}

extension PrintableTests {
    @Test func `lines stay lines, up to a number, and nothing else passes`() {
        #expect("a\u{1b}[1m\nb".printableLines() == "a\\u{1b}[1m\nb")
        #expect("1\n2\n3".printableLines(2) == "1\n2\n…")
    }

    @Test func `a line feed of an argument does not end a message's line`() {
        let message = "Unexpected argument 'a\nb'\nUsage: x"
        #expect(
            message.printableLines(quoting: ["plan", "a\nb"]) == "Unexpected argument 'a\\u{a}b'\nUsage: x")
        #expect(
            "The value '1\n' is invalid\nUsage".printableLines(quoting: ["--port=1\n"])
                == "The value '1\\u{a}' is invalid\nUsage")
        #expect("a\nb".printableLines(quoting: ["\n=", "c\nd"]) == "a\nb")
    }
}
