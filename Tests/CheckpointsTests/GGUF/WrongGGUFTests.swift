import Checkpoints
import Foundation
import Systems
import TestSupport
import Testing

/// Files that break the format, and what is not read of it.
@Suite struct WrongGGUFTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refusal(_ bytes: [UInt8]) throws -> String {
        let path = try folder.write(bytes, to: "x.gguf")
        let text = try #require(throws: CheckpointError.self) { try GGUFFile(path: path) }.description
        #expect(text.hasPrefix(path + ": "))
        return String(text.dropFirst(path.count + 2))
    }

    private func refusal(_ change: (inout GGUFDraft) -> Void) throws -> String {
        var draft = GGUFDraft()
        change(&draft)
        return try refusal(draft.bytes)
    }

    @Test func `an empty model is read, of both versions`() throws {
        for version in [UInt32(2), 3] {
            let file = try GGUFFile(path: folder.write(GGUFDraft(version: version).bytes, to: "x.gguf"))
            #expect(file.version == Int(version) && file.tensors.isEmpty && file.keys.isEmpty)
        }
    }

    @Test(arguments: [
        (UInt32(1), "1"), (4, "4"), (UInt32(3).byteSwapped, "3, big-endian"),
    ])
    func `other versions and the other byte order are refused`(_ version: UInt32, _ got: String) throws {
        #expect(
            try refusal { $0.version = version } == "its version: expected 2 or 3, little-endian, got \(got)")
    }

    @Test func `counts beyond the file are refused before they take memory`() throws {
        #expect(try refusal { $0.tensorCount = .max }.hasPrefix("its number of tensors: expected at most 0,"))
        #expect(try refusal { $0.keyCount = 1 << 40 }.hasPrefix("its number of metadata: expected at most 0,"))
        for type in 0...UInt32(12) where type != 9 {
            let text = try refusal { $0.metadata = [("k", 9, little(type) + little(UInt64.max / 8))] }
            #expect(text.hasPrefix("metadata \"k\": expected at most "))
        }
        #expect(
            try refusal { $0.metadata = [("k", 8, little(UInt64.max))] }.hasPrefix("metadata \"k\": expected at most"))
    }

    @Test func `metadata is bounded in depth and in elements`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            (0..<depth).flatMap { _ in little(UInt32(9)) + little(UInt64(1)) } + little(UInt32(0)) + little(UInt64(0))
        }
        var draft = GGUFDraft(metadata: [("k", 9, nested(7))])
        #expect(try GGUFFile(path: folder.write(draft.bytes, to: "x.gguf")).keys == ["k"])
        draft.metadata = [("k", 9, nested(8))]
        #expect(try refusal(draft.bytes).hasSuffix("8 deep, got more"))
        draft.metadata = [("k", 9, nested(5000))]
        #expect(try refusal(draft.bytes).hasSuffix("8 deep, got more"))
        let count = (1 << 22) + 1
        draft.metadata = [("k", 9, little(UInt32(0)) + little(UInt64(count)) + [UInt8](repeating: 0, count: count))]
        #expect(try refusal(draft.bytes).hasPrefix("metadata \"k\": expected metadata of at most 4194304 elements"))
        let lists = (1 << 16) + 1
        let empty = little(UInt32(0)) + little(UInt64(0))
        draft.metadata = [("k", 9, little(UInt32(9)) + little(UInt64(lists)) + (0..<lists).flatMap { _ in empty })]
        #expect(try refusal(draft.bytes).contains("in 65536 lists"))
    }

    @Test func `a head longer than any model has is refused, whatever the file holds behind it`() throws {
        let path = try folder.write(GGUFDraft(metadata: [("k", 8, little(UInt64(80_000_000)))]).bytes, to: "x.gguf")
        #expect(truncate(path, 100_000_000) == 0)
        let error = try #require(throws: CheckpointError.self) { try GGUFFile(path: path) }
        #expect(
            error.description == "\(path): metadata \"k\": expected a head of at most 67108864 bytes, got a longer one")
    }

    @Test func `what is written wrongly is named`() throws {
        #expect(try refusal { $0.metadata = [("k", 13, [])] } == "metadata \"k\": expected a type from 0 to 12, got 13")
        #expect(try refusal { $0.metadata = [("k", 7, [2])] } == "metadata \"k\": expected 0 or 1, got 2")
        #expect(
            try refusal { $0.metadata = [("k", 10, little(UInt64.max))] }
                == "metadata \"k\": expected a number below 2^63, got 18446744073709551615")
        #expect(
            try refusal { $0.metadata = [("k", 8, little(UInt64(1)) + [0xFF])] }
                == "metadata \"k\": expected UTF-8, got a string that is not")
        #expect(
            try refusal { $0.metadata = [("k", 0, [1]), ("k", 0, [2])] }
                == "metadata 1: expected each key once, got \"k\" again")
        for (alignment, got) in [(UInt32(0), "0"), (4, "4"), (12, "12"), (1 << 21, "2097152")] {
            #expect(
                try refusal { $0.metadata = [("general.alignment", 4, little(alignment))] }
                    == "metadata \"general.alignment\": expected a multiple of 8 up to 1048576, got \(got)")
        }
        #expect(try refusal { $0.metadata = [("general.alignment", 8, string("32"))] }.hasSuffix("got a string"))
        #expect(
            try refusal { $0.metadata = [("split.count", 2, little(UInt16(3)))] }
                .hasSuffix("join its files with llama-gguf-split --merge, got one of 3 files"))
    }

    @Test(
        arguments: [
            ([2, 2], 0, 0, 15, "16 bytes from 0 of the data on, got 15: the file was cut short"),
            ([2, 2], 0, 1 << 62, 24, "got 0: the file"), ([2, 2], 0, 8, 24, "expected an offset by 32, got 8"),
            ([2, 2], 0, 1 << 63, 24, "got 9223372036854775808"),
            ([2, 2], 0, .max - 31, 64, "got 18446744073709551584"),
            (
                [1 << 32, 1 << 32], 0, 0, 64,
                "expected less than 2^63 bytes, in rows of whole blocks, got shape [4294967296, 4294967296]"
            ),
            ([.max], 0, 0, 64, "expected extents below 2^63"),
            ([33], 8, 0, 68, "in rows of whole blocks, got shape [33] of Q8_0"),
            ([], 2, 0, 64, "got shape [] of Q4_0"), ([1, 1, 1, 1, 1, 1, 1, 1, 1], 0, 0, 4, "at most 8 axes, got 9"),
            ([256], 12, 0, 144, "expected F32, F16, BF16, Q8_0, Q4_0 or Q4_1, got Q4_K"),
            ([1], 77, 0, 4, "got type 77"),
            ([0, 1 << 62, 1 << 62], 0, 0, 0, "expected less than 2^63 bytes"),
        ] as [([UInt64], UInt32, UInt64, Int, String)])
    func `tensors lie inside the file and are of types that are read`(
        _ extents: [UInt64], _ type: UInt32, _ offset: UInt64, _ data: Int, _ message: String
    ) throws {
        let text = try refusal {
            $0.tensors = [("blk.0.w", extents, type, offset)]
            $0.data = data
        }
        #expect(text.hasPrefix("tensor \"blk.0.w\": expected ") && text.contains(message))
    }

    @Test func `tensors have names and bytes of their own`() throws {
        let twice = try refusal {
            $0.tensors = [("a", [2], 0, 0), ("a", [2], 0, 32)]
            $0.data = 64
        }
        #expect(twice == "tensor \"a\": expected each tensor once, got it again")
        let overlapping = try refusal {
            $0.tensors = [("a", [9], 0, 0), ("b", [2], 0, 32)]
            $0.data = 64
        }
        #expect(overlapping == "tensor \"b\": expected bytes of its own, got those of \"a\"")
        let unread = try refusal {
            $0.tensors = [("a", [256], 12, 0), ("b", [256], 14, 32)]
            $0.data = 64
        }
        #expect(unread.hasSuffix("got Q4_K, and 1 more tensors of such types"))
    }

    @Test func `a file that was cut short or is of another format says so`() throws {
        let whole = try contents(of: fixture("tiny.gguf"))
        for count in [5, 14, 60, whole.count - 200] {
            let text = try refusal(Array(whole.prefix(count)))
            #expect(text.hasSuffix(": the file was cut short or is damaged; copy or download it again"))
        }
        let path = try folder.write([], to: "x.gguf")
        let empty = try #require(throws: CheckpointError.self) { try GGUFFile(path: path) }
        #expect(empty.description.hasPrefix("\(path) is an empty file"))
        #expect(try refusal(Array("nothing that is known".utf8)) == "its first bytes: expected \"GGUF\", got others")
        try folder.write("version https://git-lfs.github.com/spec/v1\n", to: "x.gguf")
        let pointer = try #require(throws: CheckpointError.self) { try GGUFFile(path: path) }
        #expect(pointer.description.hasPrefix("\(path) is a Git LFS pointer"))
    }

    @Test func `a file that changes after it was opened is an error`() throws {
        let path = try folder.write(contents(of: fixture("tiny.gguf")), to: "x.gguf")
        let parameter = StoredParameter("norm", [5], tensor: "norm")
        let weights = try PretrainedWeights(path: path).mapped(by: TensorMap([parameter], ignored: [""]))
        try folder.write(contents(of: fixture("tiny.gguf")), to: "x.gguf")
        let error = try #require(throws: CheckpointError.self) { try weights.floats(parameter) }
        #expect(error.description == "\(path): cannot read: it was changed or replaced since it was opened")
    }
}
