import ArgumentParser
import Echelon

/// What every command that reads a pipeline takes.
struct PipelineArguments: ParsableArguments {
    @Argument(help: "The pipeline's manifest: pipelines/*.yaml.")
    var pipeline: String

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Replaces a value of the manifest, as often as needed: --set optimizer.adamw.lr=3e-4 --set steps=50",
            valueName: "key.path=value"))
    var overrides: [String] = []

    func load() throws -> PipelineManifest { try PipelineManifest.load(path: pipeline, overrides: overrides) }
}
