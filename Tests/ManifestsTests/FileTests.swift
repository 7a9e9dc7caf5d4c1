import Foundation
import Manifests
import Models
import Notation
import Scheduling
import Testing

/// Manifests as files, and the paths in them.
@Suite struct FileTests {
    /// A folder that goes away with the test.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.path + "/manifests-\(UUID())"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let file = "\(path)/\(name)"
            let folder = file.prefix(through: file.lastIndex(of: "/") ?? file.startIndex)
            try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            return file
        }

        func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
    }

    @Test(arguments: Shipped.models) func `each model of the repository loads`(_ path: String) throws {
        #expect(try Sequential.load(path: path).layers.count > 1)
    }

    @Test(arguments: Shipped.pipelines) func `each pipeline of the repository loads`(_ path: String) throws {
        let manifest = try PipelineManifest.load(path: path)
        #expect(manifest.model.layers.count >= manifest.devices.count)
    }

    @Test func `the benchmark is the one that is compared`() throws {
        let set = [
            "weights=/tmp/init.safetensors", "data.tokens=/tmp/tokens.u16", "devices=[cpu:0]", "precision=f32",
            "schedule=gpipe", "steps=3",
        ]
        let manifest = try PipelineManifest.load(path: "\(Shipped.root)/pipelines/bench-gpt.yaml", overrides: set)
        #expect(manifest.model.layers.count == 11)
        #expect(manifest.data == .init(source: .tokens("/tmp/tokens.u16", .u16), sequence: 256, order: .sequential))
        #expect(manifest.batch.global == 16)
        #expect(manifest.clip == nil)
        #expect(manifest.schedule == .named(.gpipe))
    }

    @Test func `paths are relative to the manifest that holds them`() throws {
        let folder = try Folder()
        let pipeline = Pipelines.yaml(["model": "../models/m.yaml", "data": "{text: ../d/t.txt, sequence: 4}"])
        let path = try folder.write("pipelines/p.yaml", pipeline)
        _ = try folder.write("models/m.yaml", "layers: [relu, {linear: {in: 1, out: 1}}]\nloss: cross-entropy\n")
        let manifest = try PipelineManifest.load(path: path)
        #expect(manifest.name == "p")
        #expect(manifest.modelPath == "\(folder.path)/models/m.yaml")
        #expect(manifest.data.source == .text(["\(folder.path)/d/t.txt"]))
        #expect(manifest.model.layers[1].mark.description == "\(folder.path)/models/m.yaml:1:17")
    }

    @Test func `behind a symbolic link, dot dot is where the link leads`() throws {
        let folder = try Folder()
        let pipeline = Pipelines.yaml(["model": "../m.yaml"])
        _ = try folder.write("deep/real/p.yaml", pipeline)
        _ = try folder.write("deep/m.yaml", "layers: [relu, relu]\nloss: cross-entropy\n")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link", withDestinationPath: "\(folder.path)/deep/real")
        #expect(try PipelineManifest.load(path: "\(folder.path)/link/p.yaml").model.layers.count == 2)
    }

    @Test func `a mistake in the model's file is shown there`() throws {
        let folder = try Folder()
        let path = try folder.write("p.yaml", Pipelines.yaml(["model": "m.yaml"]))
        _ = try folder.write("m.yaml", "layers:\n  - relu\n  - rleu\nloss: cross-entropy\n")
        let error = #expect(throws: ManifestError.self) { try PipelineManifest.load(path: path) }
        #expect(error?.mark == Mark(file: "\(folder.path)/m.yaml", line: 3, column: 5))
        #expect(error?.suggestion == "relu")
    }

    @Test func `what is no manifest is refused`() throws {
        let folder = try Folder()
        func message(_ path: String) -> String? {
            #expect(throws: ManifestError.self) { try PipelineManifest.load(path: path) }?.description
        }
        let binary = try folder.write("b.yaml", Array("a: 1\nb: ".utf8) + [0xFF, 0xFE])
        #expect(message(binary) == "\(binary):2:1: bytes that are no UTF-8 text; expected UTF-8")
        let large = try folder.write("l.yaml", [UInt8](repeating: 32, count: 1 << 20 | 1))
        #expect(message(large)?.contains("expected a manifest of at most 1048576 bytes") == true)
        #expect(message("/dev/zero")?.contains("expected a manifest of at most 1048576 bytes") == true)
        #expect(message(folder.path)?.contains("Is a directory") == true)
        #expect(message("\(folder.path)/none.yaml")?.contains("No such file") == true)
        #expect(message("\(Shipped.root)/models/gpt-demo.yaml")?.contains("did you mean \"model.layers\"?") == true)
    }

    @Test(arguments: ["/.yaml", "/..yaml", "/.hidden.yaml", "/a.b.yaml", "/a: b.yaml", "/\u{7}.yaml"])
    func `any file's name makes a name for its run`(_ name: String) throws {
        let manifest = try PipelineManifest.decode(yaml: Pipelines.yaml(), file: name)
        #expect(try PipelineManifest.decode(yaml: manifest.resolvedYAML(), file: "r.yaml").name == manifest.name)
    }
}
