/// A token is a byte of UTF-8.
package struct ByteTokenizer: Hashable, Sendable {
    package static let vocabulary = 256

    package init() {}

    package func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }

    /// What is not UTF-8, or not a byte, becomes U+FFFD.
    package func decode(_ tokens: some Sequence<Int32>) -> String {
        // 0xFF never occurs in UTF-8.
        String(decoding: tokens.map { UInt8(exactly: $0) ?? 0xFF }, as: UTF8.self)
    }
}
