import Manifests
import Models
import Notation

/// A small valid pipeline whose lines a test replaces, adds or drops.
enum Pipelines {
    static let base = [
        "model":
            "{layers: [{embedding: {vocab: 256, width: 8}}, relu, {linear: {in: 8, out: 256}}], loss: cross-entropy}",
        "devices": "[cpu:0, cpu:1]", "batch": "{micro: 2, microbatches: 8}",
        "data": "{text: a.txt, sequence: 16}", "steps": "5",
    ]
    private static let order = ["model", "devices", "batch", "data", "steps"]

    /// The base with `changes`; nil drops a key, and a key that is not in the base comes last.
    static func yaml(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        var lines = order.map { (key: $0, value: base[$0]) }
        for (key, value) in changes {
            if let index = lines.firstIndex(where: { $0.key == key }) {
                lines[index].value = value
            } else {
                lines.append((key, value))
            }
        }
        return lines.compactMap { line in line.value.map { "\(line.key): \($0)\n" } }.joined()
    }

    static func load(
        _ changes: KeyValuePairs<String, String?> = [:], set overrides: String...
    ) throws -> PipelineManifest {
        try PipelineManifest.decode(yaml: yaml(changes), file: "p/x.yaml", overrides: overrides)
    }

    /// The message of the error that a text must cause.
    static func message(_ yaml: String, set overrides: [String] = []) -> String {
        do {
            _ = try PipelineManifest.decode(yaml: yaml, file: "p/x.yaml", overrides: overrides)
            return "(no error)"
        } catch {
            return error.description
        }
    }

    /// The layers of a model, as they are written out.
    static func model(_ layers: String, loss: String = "cross-entropy") throws -> [String] {
        try Sequential.decode(yaml: "layers: \(layers)\nloss: \(loss)", file: "m.yaml").layers.map(\.yaml)
    }
}

/// The repository's own manifests.
enum Shipped {
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    static let pipelines = [
        "addition", "bench-gpt", "bench-gpt-small", "by-hand", "demo", "four-stages", "mlp-tuple", "sim-16",
    ].map { "\(root)/pipelines/\($0).yaml" }
    static let models = [
        "gpt-addition", "gpt-bench", "gpt-bench-small", "gpt-demo", "mlp-tuple", "sixteen-layers",
    ].map { "\(root)/models/\($0).yaml" }
}
