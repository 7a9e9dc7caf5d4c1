import Systems
import Testing

@Suite struct SHA256Tests {
    private func hash(_ bytes: [UInt8], pieces: Int = .max) -> String {
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: min(pieces, max(bytes.count, 1))) {
            hash.add(Array(bytes[start...].prefix(pieces)))
        }
        return hash.finish()
    }

    /// From FIPS 180-4's examples, and `sha256sum`.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]) func `is what the standard says`(_ text: String, _ expected: String) {
        #expect(hash(Array(text.utf8)) == expected)
    }

    @Test func `does not depend on the pieces that bytes come in`() {
        let bytes = (0..<777).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let whole = hash(bytes)
        for pieces in [1, 3, 55, 56, 63, 64, 65, 128, 700] { #expect(hash(bytes, pieces: pieces) == whole) }
    }
}
