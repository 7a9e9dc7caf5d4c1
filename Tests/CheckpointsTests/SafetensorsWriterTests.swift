import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
    /// Tensors of layout.safetensors, in an order of their own.
    static let tensors: [(name: String, spec: TensorSpec)] = [
        ("scalar", TensorSpec([])), ("2.half", TensorSpec([3], .f16)), ("10.bias", TensorSpec([5])),
        ("positions", TensorSpec([2], .i64)), ("2.brain", TensorSpec([3, 1], .bf16)), ("ids", TensorSpec([3], .i32)),
        ("nothing", TensorSpec([0, 2])), ("strange \"\\\n\u{1} ü", TensorSpec([1], .i64)),
        ("0.token.weight", TensorSpec([4, 3])),
    ]

    @Test func `two writers fill the same file that the Python implementation writes`() throws {
        let folder = try TemporaryFolder()
        let source = try SafetensorsFile(path: fixture("layout.safetensors"))
        let draft = try SafetensorsDraft(
            path: folder.file("model.safetensors"), layout: SafetensorsLayout(Self.tensors))
        var written = 0
        for half in [Self.tensors.prefix(4), Self.tensors.dropFirst(4)] {
            // Each process plans for itself.
            let writer = try SafetensorsWriter(
                partialPath: draft.partialPath, layout: SafetensorsLayout(Self.tensors.reversed()))
            for (name, _) in half { try source.bytes(of: name)?.withUnsafeBytes { try writer.write(name, $0) } }
            written += try writer.finish()
        }
        #expect(try folder.contents == ["model.safetensors.partial"])
        try draft.commit(bytesWritten: written)
        #expect(try folder.contents == ["model.safetensors"])
        #expect(try contents(of: draft.path) == contents(of: fixture("layout.safetensors")))
    }

    @Test func `two writers fill parts of the same tensors`() throws {
        let folder = try TemporaryFolder()
        let layout = try SafetensorsLayout([("rows", TensorSpec([4, 3])), ("columns", TensorSpec([2, 5]))])
        let draft = try SafetensorsDraft(path: folder.file("model.safetensors"), layout: layout)
        var written = 0
        for (rows, columns) in [([0..<1, 2..<3], [3..<5]), ([1..<2, 3..<4], [0..<3])] {
            let writer = try SafetensorsWriter(partialPath: draft.partialPath, layout: layout)
            for slice in [TensorSlice(of: [4, 3], axis: 0, rows), TensorSlice(of: [2, 5], axis: 1, columns)] {
                let whole = (0..<slice.whole.count).map(Float.init)
                var part = [Float](repeating: 0, count: slice.shape.count)
                whole.withUnsafeBytes { whole in part.withUnsafeMutableBytes { slice.gather(whole, into: $0) } }
                try part.withUnsafeBytes { try writer.write(slice.axis == 0 ? "rows" : "columns", $0, slice) }
            }
            written += try writer.finish()
        }
        try draft.commit(bytesWritten: written)
        let file = try SafetensorsFile(path: draft.path)
        for (name, count) in [("rows", 12), ("columns", 10)] {
            let found = try file.bytes(of: name)?.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            #expect(found == (0..<count).map(Float.init))
        }
    }

    @Test func `what is not committed leaves nothing and keeps the old file`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "model.safetensors")
        let layout = try SafetensorsLayout(Self.tensors)
        do {
            let draft = try SafetensorsDraft(path: path, layout: layout)
            #expect(try contents(of: draft.partialPath).count == layout.fileByteCount)
        }
        #expect(try folder.contents == ["model.safetensors"])
        let draft = try SafetensorsDraft(path: path, layout: layout)
        let error = try #require(throws: CheckpointError.self) {
            try draft.commit(bytesWritten: layout.dataByteCount - 1)
        }
        #expect(
            error == .incomplete(path: path + ".partial", expected: layout.dataByteCount, got: layout.dataByteCount - 1)
        )
        #expect(try folder.contents == ["model.safetensors"])
        #expect(try contents(of: path) == [1, 2, 3])
    }

    @Test func `a partial file is replaced only on request`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("model.safetensors")
        try folder.write([1], to: "model.safetensors.partial")
        let layout = try SafetensorsLayout([("a", TensorSpec([2]))])
        let error = try #require(throws: CheckpointError.self) { try SafetensorsDraft(path: path, layout: layout) }
        #expect(error.description == "\(path).partial: cannot create: File exists")
        #expect(try contents(of: path + ".partial") == [1])
        let draft = try SafetensorsDraft(path: path, layout: layout, replacingPartial: true)
        #expect(try contents(of: draft.partialPath).count == layout.fileByteCount)
    }

    @Test func `refuses a file larger than the free space`() throws {
        let folder = try TemporaryFolder()
        let layout = try SafetensorsLayout([("a", TensorSpec([1 << 60]))])
        let error = try #require(throws: CheckpointError.self) {
            try SafetensorsDraft(path: folder.file("model.safetensors"), layout: layout)
        }
        guard case .space(_, layout.fileByteCount, let free) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(free < layout.fileByteCount)
        #expect(try folder.contents == [])
    }

    @Test func `a writer refuses a file of another layout`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("model.safetensors")
        let draft = try SafetensorsDraft(path: path, layout: SafetensorsLayout([("a", TensorSpec([2]))]))
        let error = try #require(throws: CheckpointError.self) {
            try SafetensorsWriter(
                partialPath: draft.partialPath, layout: SafetensorsLayout([("b", TensorSpec([2]))]))
        }
        #expect(error.description.contains("its header: expected that of the tensors to be written"))
        #expect(throws: CheckpointError.self) {
            try SafetensorsWriter(partialPath: folder.file("none"), layout: draft.layout)
        }
    }

    @Test func `refuses layouts that no reader accepts`() throws {
        for tensors in [
            [("a", TensorSpec([1])), ("a", TensorSpec([2]))], [("__metadata__", TensorSpec([1]))],
            [("a", TensorSpec(Shape(Array(repeating: 1, count: 9))))],
            [("a", TensorSpec([1 << 60])), ("b", TensorSpec([1 << 60]))],
            [("a", TensorSpec([1 << 40, 1 << 40]))],
        ] {
            #expect(throws: CheckpointError.self) { try SafetensorsLayout(tensors) }
        }
    }

    @Test func `the header is padded to eight bytes and read back`() throws {
        let folder = try TemporaryFolder()
        for length in 0..<9 {
            let name = String(repeating: "n", count: length)
            let path = folder.file("\(length).safetensors")
            let layout = try SafetensorsLayout([(name, TensorSpec([2, 0, 3]))], metadata: ["b": "\"", "a": "é"])
            #expect(layout.header.count % 8 == 0)
            try SafetensorsDraft(path: path, layout: layout).commit(bytesWritten: 0)
            let file = try SafetensorsFile(path: path)
            #expect(file.tensors == layout.tensors && file.metadata == ["a": "é", "b": "\""])
        }
    }
}
