import Foundation
import TestSupport
import Testing
import Tokenizers

/// Files that are damaged or made to do harm: one message each, and nothing else.
@Suite struct HostileFileTests {
    @Test(arguments: [
        (
            #"{"type": "WordPiece", "vocab": {"a": 0}}"#,
            "the model \"WordPiece\" is not supported; expected BPE or Unigram"
        ),
        (#"{"vocab": {"a": 0}}"#, "the model \"\""),
        (#"{"type": "BPE", "vocab": {"a": 0}}"#, "expected \"merges\", got none"),
        (#"{"type": "BPE", "merges": []}"#, "expected \"vocab\", got none"),
        (
            #"{"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}"#,
            "expected each id once, got 0 for \"a\" and \"b\""
        ),
        (#"{"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}"#, "expected each token once, got \"a\" again"),
        (
            #"{"type": "BPE", "vocab": {"a": 4294967296}, "merges": []}"#,
            "expected an id from 0 to 1048575, got 4294967296"
        ),
        (#"{"type": "BPE", "vocab": {"a": -1}, "merges": []}"#, "expected a whole number from 0 on, got -1.0"),
        (#"{"type": "BPE", "vocab": {"a": 1.5}, "merges": []}"#, "expected a whole number from 0 on, got 1.5"),
        (#"{"type": "BPE", "vocab": {"a": "b"}, "merges": []}"#, "expected a whole number from 0 on"),
        (
            #"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}"#,
            "merge 0: expected tokens of the vocabulary, got \"b\""
        ),
        (
            #"{"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}"#,
            "merge 0: expected what it makes to be in"
        ),
        (#"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}"#, "two tokens with a space between them, got \"a\""),
        (#"{"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}"#, "expected two tokens, got 1"),
        (#"{"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "a", "a"]]}"#, "expected two tokens, got more"),
        (#"{"type": "BPE", "vocab": {"a": 0}, "merges": {}}"#, "expected \"[\", got \"{\""),
        (#"{"type": "BPE", "vocab": [], "merges": []}"#, "expected \"{\", got \"[\""),
        (#"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}"#, "BPE's dropout is not supported"),
        (
            #"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "</w>"}"#,
            "BPE's end_of_word_suffix \"</w>\""
        ),
        (
            #"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "fuse_unk": 3}"#,
            "model.fuse_unk: expected true or false, got 3.0"
        ),
        (#"{"type": "Unigram", "unk_id": 5, "vocab": [["a", 0]]}"#, "model.unk_id: expected an id below 1, got 5"),
        (#"{"type": "Unigram", "vocab": [["a"]]}"#, "expected a piece and its score, got less"),
        (#"{"type": "Unigram", "vocab": [["a", 0, 0]]}"#, "expected a piece and its score, got more"),
        (#"{"type": "Unigram", "vocab": [["a", 1e999]]}"#, "expected a number, got \"1e999\""),
        (#"{"type": "Unigram", "vocab": [["a", NaN]]}"#, "expected a value, got \"N\""),
        (#"{"type": "Unigram", "vocab": [["\ud800", 0]]}"#, "expected a pair of surrogates, got half a pair"),
        (#"{"type": "BPE", "type": "BPE", "vocab": {"a": 0}, "merges": []}"#, "model: expected each key once"),
    ])
    func `a model that does not hold together is refused`(_ model: String, _ message: String) throws {
        var file = SmallFile()
        file.model = model
        let refusal = try file.refusal()
        #expect(refusal.contains(message) && refusal.hasPrefix("tokenizer.json: "), "\(refusal)")
    }

    @Test(arguments: [
        (#"[{"id": 0, "content": "x"}]"#, "expected an id of its own for \"x\", got 0, which is \"a\""),
        (#"[{"id": 9, "content": "a"}]"#, "expected the id of \"a\" in the vocabulary, 0, got 9"),
        (
            #"[{"id": 9, "content": "x"}, {"id": 9, "content": "y"}]"#,
            "added_tokens[1]: expected each id once, got 9 again"
        ),
        (#"[{"id": 9, "content": "x"}, {"id": 8, "content": "x"}]"#, "added_tokens[1]: expected each token once"),
        (#"[{"id": 1048576, "content": "x"}]"#, "added_tokens[0].id: expected a whole number from 0 to 1048575"),
        (#"[{"content": "x"}]"#, "added_tokens[0]: expected \"id\", got none"),
        (#"[{"id": 9}]"#, "added_tokens[0]: expected \"content\", got none"),
        ("{}", "added_tokens: expected a list, got an object"),
    ])
    func `added tokens that contradict the vocabulary are refused`(_ added: String, _ message: String) throws {
        var file = SmallFile()
        file.added = added
        let refusal = try file.refusal()
        #expect(refusal.contains(message), "\(refusal)")
    }

    @Test(arguments: [
        (
            SmallFile.Step.normalizer, #"{"type": "BertNormalizer"}"#,
            "the normalizer \"BertNormalizer\" is not supported; expected NFC"
        ),
        (
            .normalizer, #"{"type": "Sequence", "normalizers": [{}]}"#,
            "normalizer.normalizers[0]: expected \"type\", got none"
        ),
        (.normalizer, #"{"type": "Precompiled", "precompiled_charsmap": "AA"}"#, "expected base64"),
        (
            .normalizer, #"{"type": "Precompiled", "precompiled_charsmap": "/////w=="}"#,
            "expected a trie of at most 0 bytes"
        ),
        (.preTokenizer, #"{"type": "UnicodeScripts"}"#, "the pre-tokenizer \"UnicodeScripts\" is not supported"),
        (
            .preTokenizer, #"{"type": "Split", "pattern": {"String": "a"}, "behavior": "Cut"}"#,
            "pre_tokenizer.behavior: expected Removed"
        ),
        (
            .preTokenizer, #"{"type": "Split", "pattern": {}, "behavior": "Removed"}"#,
            "pre_tokenizer.pattern: expected \"Regex\""
        ),
        (
            .preTokenizer, #"{"type": "Metaspace", "replacement": "ab"}"#,
            "pre_tokenizer.replacement: expected one character"
        ),
        (
            .preTokenizer, #"{"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Whitespace"}]}"#,
            "pre_tokenizer.pretokenizers[1] behind ByteLevel is not supported"
        ),
        (.postProcessor, #"{"type": "Odd"}"#, "the post-processor \"Odd\" is not supported"),
        (
            .postProcessor,
            #"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {}}"#,
            "expected a name that special_tokens lists"
        ),
        (
            .postProcessor,
            #"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {"x": {"ids": [77]}}}"#,
            "expected a whole number from 0 to 3, got 77.0"
        ),
        (
            .postProcessor, #"{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}]}"#,
            "expected the sequence A alone"
        ),
        (.decoder, #"{"type": "WordPiece"}"#, "the decoder \"WordPiece\" is not supported"),
        (
            .decoder, #"{"type": "Strip", "content": " ", "start": -1, "stop": 0}"#,
            "decoder.start: expected a whole number from 0"
        ),
    ])
    func `a step that is not built in is refused by name`(
        _ step: SmallFile.Step, _ value: String, _ message: String
    ) throws {
        var file = SmallFile()
        file[step] = value
        let refusal = try file.refusal()
        #expect(refusal.contains(message), "\(refusal)")
    }

    @Test func `a file that ends too early is refused wherever it ends`() throws {
        let bytes = try Fixture.bytes("llama3/tokenizer.json")
        for count in stride(from: 0, to: bytes.count - 2, by: 211) {
            #expect(throws: TokenizerError.self) { try TokenizerJSON.load(Array(bytes[..<count]), path: "cut") }
        }
    }

    @Test func `a file with a byte that is another is refused or used, without a trap`() throws {
        var random = RepeatableNumbers(state: 5)
        for name in ["llama3", "metaspace", "unigram-bytes"] {
            let bytes = try Fixture.bytes("\(name)/tokenizer.json")
            for _ in 0..<150 {
                var changed = bytes
                for _ in 0...random.next(3) { changed[random.next(bytes.count)] = UInt8(random.next(256)) }
                guard let tokenizer = try? TokenizerJSON.load(changed, path: "changed") else { continue }
                _ = try? tokenizer.encodeWithOffsets("the <s> quick\tnaïve 北京 12", addSpecial: true)
                _ = try? tokenizer.decode([0, 5, 77, 300, 4_000_000, -1], skipSpecial: false)
            }
        }
    }

    @Test func `JSON of a thousand levels is refused`() throws {
        for text in [
            String(repeating: "[", count: 100_000), "{\"model\": " + String(repeating: "{\"a\":", count: 1000),
        ] {
            let error = try #require(throws: TokenizerError.self) {
                try TokenizerJSON.load(Array(text.utf8), path: "deep")
            }
            #expect(error.description.hasPrefix("deep: "), "\(error)")
        }
        var file = SmallFile()
        file.normalizer = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
        #expect(try file.refusal().contains("expected at most 32 levels, got more"))
    }

    @Test func `a file beyond 64 MiB is refused before it is read`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/tokenizer.json"
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: (64 << 20) + 1)
        try file.close()
        let error = try #require(throws: TokenizerError.self) { try TokenizerJSON.load(path: path) }
        #expect(error.description.contains("it has 67108865 bytes, expected at most 67108864"), "\(error)")
    }

    @Test func `what is no tokenizer says what it is`() throws {
        let folder = try TemporaryFolder()
        for (contents, message) in [
            ("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"), ("", "an empty file"),
            ("PK\u{3}\u{4}zip", "a zip"),
            ("{\"model_type\": \"llama\"}", "expected \"model\", as a tokenizer.json has it, got none"),
        ] {
            let path = folder.path + "/tokenizer.json"
            try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
            let error = try #require(throws: TokenizerError.self) { try TokenizerJSON.load(path: path) }
            #expect(error.description.contains(message), "\(error)")
        }
        let error = try #require(throws: TokenizerError.self) { try TokenizerJSON.load(path: folder.path) }
        #expect(error.description.contains("not a regular file"), "\(error)")
    }

    @Test func `steps that make a text longer and longer are given up`() throws {
        let grow =
            "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"\(String(repeating: "a", count: 4096))\"}"
        var file = SmallFile()
        file.normalizer =
            "{\"type\": \"Sequence\", \"normalizers\": [\(Array(repeating: grow, count: 9).joined(separator: ", "))]}"
        let tokenizer = try file.load()
        let error = try #require(throws: TokenizerError.self) { try tokenizer.encode("a", addSpecial: false) }
        #expect(error.description.contains("below 1024 MiB"), "\(error)")
        file = SmallFile()
        file.decoder =
            "{\"type\": \"Sequence\", \"decoders\": [\(Array(repeating: grow, count: 9).joined(separator: ", "))]}"
        let decoder = try file.load()
        #expect(throws: TokenizerError.self) { try decoder.decode([0, 0, 0], skipSpecial: false) }
    }

    @Test(arguments: [
        (SmallFile.Step.normalizer, "normalizers", #"{"type": "NFC"}"#),
        (.preTokenizer, "pretokenizers", #"{"type": "Whitespace"}"#),
        (.postProcessor, "processors", #"{"type": "ByteLevel"}"#), (.decoder, "decoders", #"{"type": "Fuse"}"#),
    ])
    func `a sequence of more than a hundred steps is refused`(
        _ step: SmallFile.Step, _ list: String, _ one: String
    ) throws {
        var file = SmallFile()
        let steps = Array(repeating: one, count: 101).joined(separator: ", ")
        file[step] = "{\"type\": \"Sequence\", \"\(list)\": [\(steps)]}"
        #expect(try file.refusal().contains("\(list): expected at most 100 steps, got a list of 101"))
    }

    @Test func `tokens longer than any text has are refused`() throws {
        let long = String(repeating: "x", count: 4097)
        var file = SmallFile()
        file.added = "[{\"id\": 9, \"content\": \"\(long)\"}]"
        #expect(try file.refusal().contains("added_tokens[0].content: expected at most 4096 bytes, got 4097"))
        file = SmallFile()
        file.model = "{\"type\": \"Unigram\", \"vocab\": [[\"\(long)\", 0]]}"
        #expect(try file.refusal().contains("expected a piece of at most 4096 bytes, got 4097"))
    }

    @Test func `white space that added tokens take on both sides is looked at once`() throws {
        var file = SmallFile()
        file.added = #"[{"id": 9, "content": " ", "lstrip": true, "rstrip": true, "normalized": false}]"#
        let tokenizer = try file.load()
        let text = "a" + String(repeating: " ", count: 300_000) + "b"
        #expect(try tokenizer.encode(text, addSpecial: false) == [0, 9, 1])
        #expect(
            try tokenizer.encodeWithOffsets(text, addSpecial: false).offsets == [0..<1, 1..<300_001, 300_001..<300_002])
        // One token takes the space, and another is that space and takes more of it.
        file.added =
            #"[{"id": 8, "content": "<c>", "rstrip": true, "normalized": false}, {"id": 9, "content": " ", "lstrip": true, "#
            + #""normalized": false}]"#
        #expect(try file.load().encode("<c>  a b", addSpecial: false) == [8, 0, 9, 1])
    }
}
