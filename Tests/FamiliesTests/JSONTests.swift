import Families
import Notation
import TestSupport
import Testing

@Suite struct JSONTests {
    private func error(_ text: String) -> String {
        let error = #expect(throws: ManifestError.self) { try JSONComposer.compose(Array(text.utf8), file: "c.json") }
        return error?.description ?? ""
    }

    @Test func `a text's values keep their places`() throws {
        let node = try JSONComposer.compose(
            Array("{\"a\": [1, -2.5e-3,\n null], \"b\": \"x\\n\\u00e9\\ud83d\\ude00\\/\"}".utf8), file: "c.json")
        #expect(node["a"]?.mark == Mark(file: "c.json", line: 1, column: 7))
        guard case .list(let elements)? = node["a"]?.content else {
            Issue.record("no list")
            return
        }
        #expect(
            elements.map(\.content) == [
                .scalar("1", isQuoted: false), .scalar("-2.5e-3", isQuoted: false), .scalar("null", isQuoted: false),
            ])
        #expect(elements[2].mark == Mark(file: "c.json", line: 2, column: 2))
        #expect(node["b"]?.content == .scalar("x\né😀/", isQuoted: true))
    }

    @Test(arguments: [
        ("", "c.json:1:1: the end; expected a value"),
        ("{\"a\": 1", "c.json:1:8: the end; expected \"}\" or \",\""),
        ("{\"a\" 1}", "c.json:1:6: \"1\"; expected \":\""),
        ("{a: 1}", "c.json:1:2: \"a\"; expected a key in quotes"),
        ("{\"a\": 1,}", "c.json:1:9: \"}\"; expected a key in quotes"),
        ("{\"a\": 1, \"a\": 2}", "c.json:1:10: the key \"a\" a second time; expected it once"),
        ("[1 2]", "c.json:1:4: \"2\"; expected \"]\" or \",\""),
        ("[1] 2", "c.json:1:5: \"2\"; expected nothing more"),
        ("[nul]", "c.json:1:2: \"nul\"; expected a value"),
        ("[0x10]", "c.json:1:2: \"0x10\"; expected a value"),
        ("\"\\q\"", "c.json:1:3: \"q\"; expected an escape that JSON knows"),
        ("\"\\ud800\"", "c.json:1:3: half a pair of surrogates; expected both"),
        ("\"\\ud800\\u0041\"", "c.json:1:3: half a pair of surrogates; expected both"),
        ("\"\\u12g4\"", "c.json:1:6: \"g\"; expected four hexadecimal digits"),
        ("\"abc", "c.json:1:1: the end; expected the closing quote of a string"),
        ("\"\u{1}\"", "c.json:1:2: byte 1; expected control characters to be escaped"),
    ]) func `what is not JSON has one message with its place`(text: String, message: String) {
        #expect(error(text) == message)
    }

    @Test func `bytes that are no text, deep lists and large files are refused`() {
        let bytes = #expect(throws: ManifestError.self) {
            try JSONComposer.compose([0x22, 0xFF, 0x22], file: "c.json")
        }
        #expect(bytes?.description == "c.json:1:1: a string that is no UTF-8 text; expected UTF-8")
        let deep = String(repeating: "[", count: 100_000)
        #expect(error(deep) == "c.json:1:34: more than 32 lists and mappings inside one another; expected at most 32")
        #expect(
            error(String(repeating: " ", count: 1 << 20) + "1")
                == "c.json:1:1: 1048577 bytes; expected at most 1048576 bytes")
    }

    @Test func `no beginning and no changed byte of a configuration is a trap`() throws {
        let rope = "{\"full_attention\": {\"rope_theta\": 1e6}}"
        let text = Array(configuration("gemma3_text", ["rope_parameters": rope]).utf8)
        let beginnings = text.indices.filter { (try? compose(Array(text[..<$0]))) != nil }
        // Without the line feed at the end it is whole.
        #expect(beginnings == [text.count - 1])
        let folder = try folder("")
        var read = 0
        for index in text.indices {
            for byte: UInt8 in [0, 0x2D, 0x39, 0xFF] {
                var changed = text
                changed[index] = byte
                guard (try? compose(changed)) != nil else { continue }
                try folder.write(changed, to: "config.json")
                if (try? FamilyModel(directory: folder.path)) != nil { read += 1 }
            }
        }
        #expect(read > 100)
    }

    private func compose(_ bytes: [UInt8]) throws -> YAMLNode { try JSONComposer.compose(bytes, file: "c.json") }
}
