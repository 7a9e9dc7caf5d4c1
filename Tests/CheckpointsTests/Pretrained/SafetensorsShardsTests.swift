import Checkpoints
import Foundation
import Systems
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsShardsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let tensors = (0..<4).map { ("t\($0)", TensorSpec([10]), [Float](repeating: Float($0), count: 10)) }

    @Test func `shards hold as many tensors as fit and the index counts their bytes`() throws {
        try FamilyFiles(tensors: Self.tensors).write(to: folder.file("out/deep"), shardByteCount: 80)
        #expect(
            try File.names(in: folder.file("out/deep")) == [
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
            ])
        #expect(
            try folder.text("out/deep/model.safetensors.index.json") == """
                {
                  "metadata": {
                    "total_size": 160
                  },
                  "weight_map": {
                    "t0": "model-00001-of-00002.safetensors",
                    "t1": "model-00001-of-00002.safetensors",
                    "t2": "model-00002-of-00002.safetensors",
                    "t3": "model-00002-of-00002.safetensors"
                  }
                }

                """)
        let weights = try Weights(path: folder.file("out/deep"))
        #expect(weights.files.map(\.metadata) == [["format": "pt"], ["format": "pt"]])
        for (name, _, values) in Self.tensors { #expect(try floats(weights, name, 10) == values) }
    }

    @Test(arguments: [(160, 1), (159, 3), (40, 5), (1, 5)])
    func `a tensor larger than a shard has one of its own`(_ limit: Int, _ count: Int) throws {
        try FamilyFiles(tensors: Self.tensors).write(to: folder.file("out"), shardByteCount: limit)
        #expect(try File.names(in: folder.file("out")).count == count)
        #expect(try Weights(path: folder.file("out")).tensors.count == 4)
    }

    @Test func `a name stands in one shard only`() throws {
        #expect(throws: CheckpointError.self) {
            try SafetensorsShards([("a", TensorSpec([1])), ("a", TensorSpec([2]))], folder: "x", shardByteCount: 4)
        }
    }

    @Test(arguments: [0, 1, 3]) func `a failure leaves nothing`(_ tensor: Int) throws {
        let shards = try SafetensorsShards(
            Self.tensors.map { ($0.0, $0.1) }, folder: folder.file("out"), shardByteCount: 80)
        let error = CheckpointError.file(path: "source", operation: "read", reason: "gone")
        for isNew in [true, false] {
            if !isNew { try File.makeFolder(folder.file("out")) }
            let thrown = #expect(throws: CheckpointError.self) {
                try shards.write { (index, append) throws(CheckpointError) in
                    guard index < tensor else { throw error }
                    let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: 40, alignment: 4)
                    defer { zeros.deallocate() }
                    zeros.initializeMemory(as: UInt8.self, repeating: 0)
                    try append(UnsafeRawBufferPointer(zeros))
                }
            }
            #expect(thrown == error && folder.files == (isNew ? [] : ["out"]))
        }
    }

    @Test func `bytes that are missing make the files void`() throws {
        let shards = try SafetensorsShards([("a", TensorSpec([2]))], folder: folder.file("out"))
        let thrown = #expect(throws: CheckpointError.self) {
            try shards.write { (_, _) throws(CheckpointError) in }
        }
        #expect(thrown?.description.contains("0 of 8 bytes were written") == true && folder.files.isEmpty)
    }

    @Test func `a folder without room for all shards is refused before anything is written`() throws {
        let shards = try SafetensorsShards(
            [("a", TensorSpec([2])), ("b", TensorSpec([1 << 58]))], folder: folder.file("out"), shardByteCount: 8)
        let thrown = #expect(throws: CheckpointError.self) {
            try shards.write { (_, _) throws(CheckpointError) in Issue.record("nothing is to be filled") }
        }
        guard case .space(_, let needed, _) = thrown, needed > 1 << 60 else { throw thrown ?? .notThrown }
        #expect(folder.files.isEmpty)
    }

    @Test(arguments: ["model.safetensors", "model.safetensors.index.json", "model-00002-of-00002.safetensors"])
    func `weights that are there already stay`(_ name: String) throws {
        try folder.write("old", to: name)
        let error = try #require(throws: CheckpointError.self) {
            try FamilyFiles(tensors: Self.tensors).write(to: folder.path, shardByteCount: 80)
        }
        #expect(error.description == "\(folder.path)/: cannot write weights: it holds \(name) already")
        #expect(try folder.files == [name] && folder.text(name) == "old")
    }
}

extension CheckpointError {
    fileprivate static let notThrown = CheckpointError.foreign(path: "", kind: "no error of that kind")
}
