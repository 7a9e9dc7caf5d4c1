import Checkpoints
import Foundation
import Systems
import Tensors
import TestSupport
import Testing

/// The folder of a run's checkpoints, whatever ended an earlier attempt at writing one.
@Suite struct StepsFolderTests {
    @Test func `a checkpoint is there once it is committed`() throws {
        let folder = try TemporaryFolder()
        let steps = StepsFolder(folder.file("steps"))
        #expect(steps.steps == [])
        for step in [8, 12, 123_456_789] {
            let draft = try steps.begin(step, epoch: 1)
            try folder.write("\(step)", to: "steps/\(draft.split(separator: "/").last ?? "")/x")
            #expect(!steps.steps.contains(step))
            try steps.commit(step, epoch: 1, folders: [])
        }
        #expect(steps.steps == [123_456_789, 12, 8])
        #expect(try folder.text("steps/latest") == "123456789\n")
        #expect(try folder.text("steps/00000012/x") == "12")
        #expect(try steps.setAside(12, as: "damaged").hasSuffix("/00000012.damaged"))
        try steps.remove(8)
        #expect(steps.steps == [123_456_789])
        #expect(folder.files.filter { $0.hasSuffix(".gone") || $0.hasSuffix(".old") } == [])
    }

    @Test func `what was cut off is removed, and what was to be replaced comes back`() throws {
        let folder = try TemporaryFolder()
        for name in [
            "00000008.tmp-1", "00000004.gone", "00000012.old", "00000016", "00000016.old", "notes", "0000001x",
        ] {
            try FileManager.default.createDirectory(
                atPath: folder.file("steps/\(name)"), withIntermediateDirectories: true)
        }
        let steps = StepsFolder(folder.file("steps"))
        steps.removeDrafts()
        #expect(folder.files == ["steps", "steps/00000012", "steps/00000016", "steps/0000001x", "steps/notes"])
        #expect(steps.steps == [16, 12])
    }

    @Test func `a stream writes what a reader reads, and nothing over a file that is there`() throws {
        let folder = try TemporaryFolder()
        let layout = try SafetensorsLayout([("b", TensorSpec([2, 3], .f32)), ("a", TensorSpec([4], .f32))])
        let path = folder.file("x.safetensors")
        let stream = try SafetensorsStream(creating: path, layout)
        var values: [String: [UInt8]] = [:]
        for tensor in layout.tensors {
            let bytes = (0..<tensor.range.count).map { UInt8($0) }
            values[tensor.name] = bytes
            try bytes.withUnsafeBytes { bytes in try stream.append(bytes) }
        }
        let written = try stream.finish()
        #expect(written.byteCount == layout.fileByteCount)
        #expect(try written.hash == SHA256.hash(ofFile: path))
        let file = try SafetensorsFile(path: path)
        for (name, bytes) in values { #expect(try file.bytes(of: name) == bytes) }
        #expect(throws: SystemError.self) { try SafetensorsStream(creating: path, layout) }
    }
}
