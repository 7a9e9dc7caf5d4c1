import Checkpoints
import Systems
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
    @Test func `reads every element type of the Python implementation`() throws {
        let file = try SafetensorsFile(path: fixture("types.safetensors"))
        #expect(file.metadata == ["format": "pt", "note": "all element types"])
        let expected: [String: (StoredType, Shape)] = [
            "f64": (.f64, [3]), "f32": (.f32, [2, 3]), "f16": (.f16, [9]), "bf16": (.bf16, [2, 3]), "i64": (.i64, [2]),
            "i32": (.i32, [2, 1]), "i16": (.i16, [2]), "i8": (.i8, [3]), "u8": (.u8, [2]), "bool": (.bool, [3]),
            "scalar": (.f32, []), "empty": (.f32, [0, 4]), "quote \" backslash \\ tab \t umlaut ü": (.f32, [1]),
        ]
        #expect(file.tensors.count == expected.count)
        for (name, (type, shape)) in expected {
            let tensor = try #require(file[name])
            #expect(tensor.type == type && tensor.shape == shape)
            #expect(try file.bytes(of: name)?.count == shape.count * type.size)
        }
        let integers = try file.bytes(of: "i64")?.withUnsafeBytes { bytes in
            [0, 8].map { bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self) }
        }
        #expect(integers == [.min, .max])
        #expect(try file.bytes(of: "bool") == [1, 0, 1])
        #expect(try file.bytes(of: "i32") == [255, 255, 255, 255, 7, 0, 0, 0])
        #expect(try file.bytes(of: "none") == nil)
    }

    @Test func `tensors are listed in file order`() throws {
        let tensors = try SafetensorsFile(path: fixture("types.safetensors")).tensors
        #expect(zip(tensors, tensors.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound })
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8),
        (#"{"a" : { "shape" : [ ], "data_offsets" : [ 0 , 4 ], "dtype" : "F32" } }   "#, 4),
        (#"{}"#, 0), (#"{"__metadata__" : null}"#, 0),
        (
            #"{"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
            4
        ),
        (#"{"\u00fc\ud83d\ude00":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}}"#, 8),
    ])
    func acceptsWhatTheFormatAllows(header: String, data: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(encoded(header, data: data), to: "x.safetensors")
        let file = try SafetensorsFile(path: path)
        #expect(file.tensors.reduce(0) { $0 + $1.range.count } == data)
    }

    /// Header, bytes of data, and what the message must contain.
    @Test(arguments: [
        (#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, 1, #"tensor "a": expected a dtype of"#),
        (#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, 1, #"got "F8_E4M3""#),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
            1, #"each key once, got "a" again"#
        ),
        (#"{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, "each key once"),
        (#"{"__metadata__":{"k":"1","k":"2"}}"#, 0, "each key once"),
        (#"{"__metadata__":{"k":1}}"#, 0, "expected \"\"\""),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, "without hole or overlap, got 1"),
        (
            #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
            3, "to begin at 2"
        ),
        (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 3, "expected 2 bytes behind the header, got 3"),
        (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, 3, "expected 4 bytes behind the header, got 3"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "span the 8 bytes"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#, 1, "span the 1 bytes"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, 1, "span the 1 bytes"),
        (#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0, "less than 2^63 bytes"),
        (#"{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,0]}}"#, 0, "below 2^63"),
        (#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#, 0, "a whole number"),
        (#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#, 1, "a whole number"),
        (#"{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}"#, 1, "leading zeros"),
        (#"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}"#, 1, "at most 8 axes, got 9"),
        (#"{"a":{"dtype":"U8","shape":[1]}}"#, 0, "expected dtype, shape and data_offsets"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":1}}"#, 1, #"got "extra""#),
        (#"{"a":[]}"#, 0, "expected \"{\""),
        (#"{"a":null}"#, 0, "expected \"{\""),
        (#"{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, "pair of surrogates"),
        (#"{"\x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, "escape"),
        (#"{} {}"#, 0, "nothing more"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}"#, 1, "expected"),
        ("{\"a\nb\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "control characters"),
        (#"[]"#, 0, "expected \"{\" first"),
        (#""#, 0, "expected \"{\" first, got nothing"),
    ])
    func refusesWhatBreaksTheFormat(header: String, data: Int, message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(encoded(header, data: data), to: "x.safetensors")
        let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error.description.hasPrefix(path + ": "))
        #expect(error.description.contains(message))
    }

    @Test func `refuses invalid UTF-8 and headers longer than the file`() throws {
        let folder = try TemporaryFolder()
        var bytes = encoded(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 1)
        bytes[10] = 0xFF
        let invalid = try folder.write(bytes, to: "invalid")
        #expect(throws: CheckpointError.self) { try SafetensorsFile(path: invalid) }
        for length in [UInt64.max, UInt64(Int.max), 100_000_001, 3] {
            let path = try folder.write(
                withUnsafeBytes(of: length.littleEndian) { Array($0) } + [0x7B, 0x7D], to: "long")
            let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
            #expect(error.description.contains("at most 2 bytes, got \(length)"))
        }
    }

    @Test func `refuses what is no file`() throws {
        let folder = try TemporaryFolder()
        for (path, reason) in [(folder.path, "not a regular file"), (folder.file("none"), "No such file")] {
            let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
            #expect(error.description.contains(reason))
        }
        let empty = try folder.write([], to: "empty")
        let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(path: empty) }
        #expect(error.description.contains("is an empty file"))
    }

    /// Whatever bytes a file holds, reading it ends in its tensors or in an error, and tensors lie inside the file.
    @Test func `any damage ends in an error or in readable tensors`() throws {
        let folder = try TemporaryFolder()
        let whole = try contents(of: fixture("types.safetensors"))
        let words = [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "9", "-", "null", "9223372036854775807", "\\ud800", "F32",
        ]
        var random = SplitMix64(seed: 7)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<3, using: &random) { mutate(&bytes, words, &random) }
            let path = try folder.write(bytes, to: "x.safetensors")
            do {
                let file = try SafetensorsFile(path: path)
                for tensor in file.tensors {
                    #expect(try file.bytes(of: tensor.name)?.count == tensor.range.count)
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 1000)
    }

    private func mutate(_ bytes: inout [UInt8], _ words: [String], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        // Most damage is of interest in the header.
        let at = Int.random(in: 0..<min(bytes.count, 900), using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[at] = .random(in: 0...255, using: &random)
        case 1: bytes.removeLast(bytes.count - at)
        case 2: bytes.remove(at: at)
        case 3: bytes.insert(contentsOf: (words.randomElement(using: &random) ?? "").utf8, at: at)
        default: bytes.append(contentsOf: bytes[at...])
        }
    }

    private func encoded(_ header: String, data: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
            + [UInt8](repeating: 1, count: data)
    }
}
