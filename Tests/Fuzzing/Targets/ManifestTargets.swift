import Models
import Notation

@testable import Families
@testable import Manifests

extension FuzzTarget {
    private static let folder = FuzzFolder("manifests")

    /// What it accepts, it writes out; that reads back as the same, and is written alike.
    static let manifests = [
        FuzzTarget("manifest") { bytes in
            let parts = bytes.parts(2)
            // `--set`, as a command line has it: a line each.
            let overrides = parts[1].text.split(separator: "\n").map(String.init)
            let manifest = try PipelineManifest.decode(
                yaml: parts[0].text, file: folder.path + "/x.yaml", overrides: overrides)
            let written = manifest.resolvedYAML()
            let second = again(written) {
                try PipelineManifest.decode(yaml: written, file: folder.path + "/y.yaml").resolvedYAML()
            }
            precondition(second == written, "\(written)\nbecame\n\(second)")
        }
    ]

    static let families = [
        FuzzTarget("config") { bytes in
            let model = try FamilyModel(bytes, path: "config.json")
            precondition(model.vocabulary > 0 && !model.sequential.layers.isEmpty)
        },
        FuzzTarget("adapter-config") { bytes in
            folder.put(bytes, as: "adapter_config.json")
            let settings = try AdapterFolder(folder.path).settings()
            if let targets = settings.targets {
                let mark = Mark(file: "adapter_config.json", line: 1, column: 1)
                _ = NamePattern(targets, at: mark)
            }
        },
    ]
}
