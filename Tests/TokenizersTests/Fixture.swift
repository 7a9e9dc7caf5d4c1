import Foundation
import TestSupport
import Testing
import Tokenizers

/// A folder beside the script that made it.
enum Fixture {
    static let names = [
        "gpt2", "llama3", "qwen2", "deepseek", "smollm", "claude", "llama2", "metaspace", "unigram", "unigram-bytes",
        "pieces",
    ]

    static func path(_ name: String) -> String { Bundle.module.bundlePath + "/Fixtures/" + name }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static func json<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes(name)))
    }

    static func tokenizer(_ name: String) throws -> any Tokenizer {
        try TokenizerJSON.load(path: path("\(name)/tokenizer.json"))
    }

    static func cases(_ name: String) throws -> [Case] {
        try JSONDecoder().decode([Case].self, from: Data(bytes("\(name)/cases.json")))
    }

    /// A line and what the field's own library makes of it.
    struct Case: Decodable {
        var text: String
        var ids: [Int32]
        var offsets: [[Int]]?
        var special: [Int32]?
        var specialOffsets: [[Int]]?
        var decoded: String?
        var skipped: String?
    }
}

/// A small byte-level tokenizer with changes, as text of a `tokenizer.json`.
struct SmallFile {
    var model = #"{"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3}, "merges": ["a b"]}"#
    var added = "[]"
    var normalizer = "null"
    var preTokenizer = "null"
    var postProcessor = "null"
    var decoder = #"{"type": "Fuse"}"#

    var text: String {
        """
        {"version": "1.0", "added_tokens": \(added), "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer),
         "post_processor": \(postProcessor), "decoder": \(decoder), "model": \(model)}
        """
    }

    enum Step: Sendable { case normalizer, preTokenizer, postProcessor, decoder }

    subscript(step: Step) -> String {
        get {
            switch step {
            case .normalizer: normalizer
            case .preTokenizer: preTokenizer
            case .postProcessor: postProcessor
            case .decoder: decoder
            }
        }
        set {
            switch step {
            case .normalizer: normalizer = newValue
            case .preTokenizer: preTokenizer = newValue
            case .postProcessor: postProcessor = newValue
            case .decoder: decoder = newValue
            }
        }
    }

    func load() throws(TokenizerError) -> PipelineTokenizer {
        try TokenizerJSON.load(Array(text.utf8), path: "tokenizer.json")
    }

    /// What the message says; fails where the file loads.
    func refusal() throws -> String { try #require(throws: TokenizerError.self) { try load() }.description }

    /// Every byte is a token and no two merge: what a text becomes before the model can be read from its ids.
    static func bytes(normalizer: String = "null", split: String = "null") -> SmallFile {
        let letters = (0..<256).map { byte in "\"\(ByteSpelling.letter(byte))\": \(byte)" }.joined(separator: ", ")
        var file = SmallFile()
        file.model = "{\"type\": \"BPE\", \"vocab\": {\(letters)}, \"merges\": []}"
        file.normalizer = normalizer
        let level = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#
        file.preTokenizer =
            split == "null" ? level : "{\"type\": \"Sequence\", \"pretokenizers\": [\(split), \(level)]}"
        file.decoder = #"{"type": "ByteLevel"}"#
        return file
    }
}

/// GPT-2's letters for bytes, escaped for JSON.
enum ByteSpelling {
    static func letter(_ byte: Int) -> String {
        let own = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        let others = (0..<256).filter { !own.contains($0) }
        let value = own.contains(byte) ? byte : 0x100 + (others.firstIndex(of: byte) ?? 0)
        return "\\u" + String(0x10000 + value, radix: 16).dropFirst()
    }
}

/// Texts of letters, marks, spaces and symbols of all kinds, the same for a seed.
struct RandomTexts {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }

    private static let ranges: [ClosedRange<UInt32>] = [
        0x20...0x7E, 0x20...0x7E, 0x61...0x7A, 0x61...0x7A, 0x09...0x0D, 0xA0...0x24F, 0x300...0x345, 0x370...0x3FF,
        0x400...0x4FF,
        0x5D0...0x5EA, 0x660...0x669, 0x900...0x97F, 0xE00...0xE5B, 0xF40...0xFB9, 0x1100...0x11FF, 0x1E00...0x1EFF,
        0x2000...0x206F, 0x3040...0x30FF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFB00...0xFB4F,
        0xFF01...0xFFEF, 0x1F300...0x1F64F, 0x10000...0x10FFFF,
    ]

    /// - Parameter count: Unicode scalars.
    mutating func text(_ count: Int) -> String {
        var text = String.UnicodeScalarView()
        while text.count < count {
            let range = Self.ranges[next(Self.ranges.count)]
            for _ in 0...next(4) {
                if let scalar = UnicodeScalar(range.lowerBound + UInt32(next(range.count))) { text.append(scalar) }
            }
            if next(3) == 0 { text.append(" ") }
        }
        return String(text)
    }
}
