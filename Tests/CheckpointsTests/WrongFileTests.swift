import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Weights that are something else than the safetensors that were meant.
@Suite struct WrongFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refusal(of path: String) throws -> String {
        try #require(throws: CheckpointError.self) { try Weights(path: path) }.description
    }

    /// The file's first characters, each a byte, and what the message says.
    @Test(arguments: [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5\n",
            "is a Git LFS pointer, not the file itself: fetch that with `git lfs pull`"
        ),
        (
            "PK\u{3}\u{4}\u{0}\u{0}\u{8}\u{8}archive/data.pkl",
            "is a file of PyTorch's torch.save, expected safetensors; convert it:\n  python3 -c '"
        ),
        ("\u{80}\u{2}}q\u{0}(X\u{8}\u{0}", "is a file of PyTorch's torch.save"),
        ("GGUF\u{3}\u{0}\u{0}\u{0}", "is a GGUF file, expected safetensors"),
        ("\u{93}NUMPY\u{1}\u{0}", "is a NumPy file, expected safetensors"),
        ("\u{89}HDF\r\n\u{1a}\n", "is an HDF5 file, expected safetensors"),
        ("\n<!DOCTYPE HTML><html>", "is a web page"),
        ("\u{1f}\u{8b}\u{8}\u{0}xxxxxxxxx", "is a compressed file: unpack it with gunzip"),
        (
            "{\"metadata\": {}, \"weight_map\": {}}",
            "is an index of other files: call it model.safetensors.index.json, beside them"
        ),
        ("{\"a\": 1, \"b\": 2}", "is JSON text, expected safetensors"),
        ("", "is an empty file"),
    ])
    func `the message says what it is and what to do`(_ head: String, _ message: String) throws {
        let path = try folder.write(head.unicodeScalars.map { UInt8($0.value) }, to: "model.safetensors")
        #expect(try refusal(of: path).hasPrefix("\(path) \(message)"))
        #expect(try refusal(of: folder.path).hasPrefix("\(path) \(message)"))
    }

    @Test func `the command that converts names both files as a shell reads them`() throws {
        let path = try folder.write([0x80, 0x02, 0x7d], to: "it's my model.pt")
        let command = try #require(try refusal(of: path).split(separator: "\n").last)
        let words = Process()
        words.executableURL = URL(fileURLWithPath: "/bin/sh")
        words.arguments = ["-c", "python3() { printf '%s\\n' \"$@\"; }; \(command)"]
        let output = Pipe()
        words.standardOutput = output
        try words.run()
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        words.waitUntilExit()
        #expect(lines.first == "-c" && lines.count == 4 && lines[1].contains("save_file"))
        #expect(lines.suffix(2) == [path, folder.file("it's my model.safetensors")])
    }

    @Test func `a folder with PyTorch's weights alone says how to convert them`() throws {
        let path = try folder.write([0x80, 0x02], to: "pytorch_model.bin")
        #expect(try refusal(of: folder.path).hasPrefix("\(path) is a file of PyTorch's torch.save"))
    }

    @Test func `a file that was cut short says so`() throws {
        let path = folder.file("short.safetensors")
        try write([("a", [1, 2, 3])], to: path)
        #expect(truncate(path, off_t(try contents(of: path).count - 4)) == 0)
        #expect(
            try refusal(of: path).hasSuffix(
                "expected 12 bytes behind the header, got 8: the file was cut short; copy or download it again"))
    }

    @Test(arguments: ["_orig_mod.", "module.", "model.", "module._orig_mod."])
    func `what a wrapper puts before every name is passed over`(_ prefix: String) throws {
        let path = folder.file("wrapped.safetensors")
        try write([(prefix + "0.weight", [1, 2]), (prefix + "1.bias", [3])], to: path)
        let weights = try Weights(path: path)
        try weights.check([("0.weight", TensorSpec([2])), ("1.bias", TensorSpec([1]))])
        #expect(try floats(weights, "0.weight", 2) == [1, 2])
        #expect(weights.prefix == prefix && weights["1.bias"]?.name == "1.bias")
        #expect(weights.tensors.map(\.name).sorted() == ["0.weight", "1.bias"])
    }

    @Test func `a prefix that not every name has is part of the names`() throws {
        let path = folder.file("x.safetensors")
        try write([("model.0.weight", [1]), ("head.weight", [2])], to: path)
        #expect(try Weights(path: path).prefix.isEmpty)
    }

    @Test func `of a thousand tensors that do not fit twenty are listed, of both kinds, and all are counted`() throws {
        let path = folder.file("x.safetensors")
        try write((0..<600).map { ("extra.\($0)", [1]) }, to: path)
        let error = try #require(throws: CheckpointError.self) {
            try Weights(path: path).check((0..<563).map { ("\($0).weight", TensorSpec([1])) })
        }
        let lines = error.description.split(separator: "\n")
        #expect(lines.count == 22 && lines[0].hasSuffix("1163 of its tensors do not fit the model:"))
        #expect(lines.count { $0.contains("got nothing") } == 10 && lines.count { $0.contains("extra.") } == 10)
        #expect(lines[21] == "  … and 1143 more")
    }

    @Test func `a header of more tensors or metadata than any model has is refused`() throws {
        func message(_ json: String) throws -> String {
            let header = Array(json.utf8)
            let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
            return try refusal(of: try folder.write(length + header, to: "large.safetensors"))
        }
        let tensor = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        let tensors = (0..<262_200).map { "\"t\($0)\":\(tensor)" }.joined(separator: ",")
        #expect(try message("{\(tensors)}").hasSuffix("expected at most 262145 tensors, got more"))
        let entries = (0..<65_540).map { "\"\($0)\":\"x\"" }.joined(separator: ",")
        #expect(
            try message(#"{"__metadata__":{\#(entries)}}"#).hasSuffix(
                "expected at most 65536 entries of metadata, got more"))
        let numbers = [String](repeating: "0", count: 100).joined(separator: ",")
        #expect(
            try message(#"{"a":{"dtype":"U8","shape":[\#(numbers)],"data_offsets":[0,0]}}"#).hasSuffix(
                "expected at most 64 numbers, got more"))
    }

    @Test func `numbers that are not finite are counted in every type, before they are loaded`() throws {
        let path = folder.file("x.safetensors")
        let vectors: [(String, [Float])] = [
            ("a", [1, .nan, 3, -.infinity]), ("b", [.greatestFiniteMagnitude, -0]), ("c", [.infinity]),
        ]
        try write(vectors, to: path)
        let error = try #require(throws: CheckpointError.self) {
            try Weights(path: path).checkFinite(["a", "b", "c", "d"])
        }
        #expect(
            error.description == """
                \(path): 2 of its tensors hold values that are not finite (NaN or infinite as f32): start from weights of \
                an earlier step
                  a: 2 of 4 elements
                  c: 1 of 1 elements
                """)
        let types = try Weights(path: fixture("types.safetensors"))
        let other = try #require(throws: CheckpointError.self) {
            try types.checkFinite(["f16", "bf16", "f32", "f64", "i32"])
        }
        #expect(other.description.hasSuffix("\n  f16: 1 of 9 elements\n  f64: 1 of 3 elements"))
    }

    @Test func `weights that are cut short or replaced while they are read are an error`() throws {
        let path = folder.file("x.safetensors")
        try write([("a", [1, 2, 3])], to: path)
        let weights = try Weights(path: path)
        #expect(truncate(path, 100) == 0)
        let cut = try #require(throws: CheckpointError.self) { try floats(weights, "a", 3) }
        #expect(cut.description.hasPrefix("\(path): cannot read: ") && cut.description.contains("has 100 now"))
        let other = folder.file("other.safetensors")
        try write([("a", [4, 5, 6])], to: other)
        #expect(rename(other, path) == 0)
        let replaced = try #require(throws: CheckpointError.self) { try floats(weights, "a", 3) }
        #expect(replaced.description == "\(path): cannot read: it was changed or replaced since it was opened")
    }
}
