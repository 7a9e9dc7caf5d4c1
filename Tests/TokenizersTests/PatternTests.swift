import Foundation
import Testing
import Tokenizers

/// Regular expressions of files: what they match is taken out of the text, so that the rest shows it.
@Suite struct PatternTests {
    private func file(_ pattern: String) throws -> SmallFile {
        let quoted = String(decoding: try JSONEncoder().encode(pattern), as: UTF8.self)
        return .bytes(
            split:
                "{\"type\": \"Split\", \"pattern\": {\"Regex\": \(quoted)}, \"behavior\": \"Removed\", \"invert\": false}"
        )
    }

    private func rest(_ pattern: String, _ text: String) throws -> String {
        let tokenizer = try file(pattern).load()
        return try tokenizer.decode(try tokenizer.encode(text, addSpecial: false), skipSpecial: false)
    }

    @Test(arguments: [
        ("b+", "abbcb", "ac"), ("b*?c", "abbcbc", "a"), ("a|ab", "ab", "b"), ("(?:ab|a)b", "abab", ""),
        ("ab{2}", "ababb", "ab"), ("ab{1,2}", "abbb", "b"), ("(?:ab){2,}", "ababxab", "xab"), ("a{,2}b", "aaab", "a"),
        (#"\d+(?=x)"#, "12x34y", "x34y"), (#"\d+(?!\d|x)"#, "12x345y", "12xy"), (#"(?<=x)\d"#, "1x2", "1x"),
        (#"(?<!x)\d"#, "1x2", "x2"), ("(?i:'S|k)", "'s'Sk\u{212A}'\u{17F}", ""), ("(?i)ab", "aBAb", ""),
        (#"[^\s\p{L}]+"#, "ab, 1c", "ab c"), ("[a-cx-]", "a-dxb", "d"), (#"[\]^]"#, "]^a", "a"),
        (#"\p{Lu}\p{^Lu}"#, "aBcD", "aD"),
        (#"\P{L}"#, "a1b", "ab"), (#"\x41\u0042\x{1F600}"#, "AB\u{1F600}c", "c"), ("a++a", "aaa", "aaa"),
        ("(?>a|ab)c", "abc", "abc"),
        ("^a|b$", "aab\nba", "a\nba"), (#"\Aa|b\z"#, "ab\nab", "b\na"), (".", "a\nb", "\n"),
        (#"\w"#, "a_1²é-\u{200D}", "-\u{200D}"),
        (#"[\w]"#, "a²", "²"), (#"\s+"#, "a\u{85}\u{A0}\u{3000}\u{200B}b", "a\u{200B}b"), ("x*", "axxb", "ab"),
        (#"\s+(?!\S)"#, "a   b  ", "a b"), ("[一-龥]+", "a北京b", "ab"),
    ])
    func `what matches is found`(_ pattern: String, _ text: String, _ expected: String) throws {
        #expect(try rest(pattern, text) == expected)
    }

    @Test(arguments: [
        ("(a", "\"(\" without \")\""), ("a)", "\")\" without \"(\""), ("[a", "\"[\" without \"]\""), (#"\b"#, #""\b""#),
        (#"(a)\1"#, #""\1""#), ("(?<name>a)", "the group \"(?<n\""), ("*a", "\"*\" behind nothing"),
        ("(?:a*)*", "may match nothing"),
        (#"\p{Han}"#, #""\p{Han}""#), ("[a&&b]", "\"&&\""), ("[[:alpha:]]", "a set inside of a set"),
        ("(?i:é)", "more than ASCII"),
        ("(?i:ss)", "\"ss\""), ("a{5,3}", "the count {5,3}"), ("(?<=ab)c", "looking behind"), ("a{2}+", "\"{…}+\""),
        ("a\\", "a last"),
        (String(repeating: "(", count: 100), "levels of groups"), ("a{1001}", "the count"), ("[b-a]", "a range"),
    ])
    func `what an expression may not have is refused by name`(_ pattern: String, _ named: String) throws {
        let message = try file(pattern).refusal()
        #expect(message.contains(named), "\(message)")
        #expect(message.hasPrefix("tokenizer.json: a regular expression with "), "\(message)")
    }

    @Test(arguments: ["(?:a|aa)+b", "(?:a*a*)b", "(?:aa?)*(?:aa?)*(?:aa?)*b"])
    func `an expression that tries without end is given up`(_ pattern: String) throws {
        let tokenizer = try file(pattern).load()
        let error = try #require(throws: TokenizerError.self) {
            try tokenizer.encode(String(repeating: "a", count: 100_000), addSpecial: false)
        }
        #expect(error.description.contains("in reasonable time"), "\(error)")
    }

    @Test func `an expression of too many steps is refused`() throws {
        let message = try file("(?:(?:(?:ab|c){500}){500}){500}").refusal()
        #expect(message.contains("so large"), "\(message)")
    }
}
