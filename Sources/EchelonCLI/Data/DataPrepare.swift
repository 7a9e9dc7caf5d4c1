import ArgumentParser
import Echelon
import Glibc
import Systems

struct DataPrepare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Write files of prompts and responses, conversations or texts as shards of tokens.",
        discussion: """
            An object a line: prompt and response, with a history if there is one; messages; instruction, input and output; \
            or text. Tables name their columns in the first line. Conversations are written as the model reads them, and \
            only what the assistant says counts as a target.

              echelon data prepare train.jsonl --out data/train --model SmolLM2-135M-Instruct
              echelon data show data/train --sample 17

            A preparation that was interrupted goes on where it was: start the same command again. The same input gives \
            the same bytes. `data: {shards: data/train}` in a pipeline trains on them.
            """)

    @Argument(help: "Files: .jsonl, .csv, .tsv, .txt, or .bin of Megatron and nanoGPT.")
    var files: [String]

    @Option(name: .customLong("out"), help: ArgumentHelp("The folder to write.", valueName: "dir"))
    var output: String

    @Option(help: "Whose tokenizer and chat template: a folder, a .gguf file, or a run directory.")
    var model: String?

    @Option(help: "Instead of a model: bytes, 257 tokens, of which the last ends a response.")
    var tokenizer: String?

    @Option(help: "Of all files: jsonl, csv, tsv, text, megatron or nanogpt; by their names unless given.")
    var format: String?

    @Option(help: ArgumentHelp("The column of prompts.", valueName: "name"))
    var promptColumn: String?

    @Option(help: ArgumentHelp("The column of responses.", valueName: "name"))
    var responseColumn: String?

    @Option(help: ArgumentHelp("The column of earlier prompts and responses.", valueName: "name"))
    var historyColumn: String?

    @Option(help: ArgumentHelp("The most tokens of a sample: prompts lose their beginning.", valueName: "n"))
    var longest: Int?

    @Option(help: ArgumentHelp("So many records may be no samples; they are passed over.", valueName: "n"))
    var skipBad: Int = 0

    @Option(
        help: ArgumentHelp(
            "A Jinja file, the name of a template, or none; the model's unless given.", valueName: "file"))
    var template: String?

    @Flag(help: "Start anew where the folder holds another preparation.")
    var force = false

    func validate() throws {
        guard (model == nil) != (tokenizer == nil) else {
            throw ValidationError("expected one of --model and --tokenizer")
        }
        guard tokenizer == nil || tokenizer == "bytes" else { throw ValidationError("--tokenizer: expected bytes") }
        guard format.map({ RecordFormat(rawValue: $0) != nil }) ?? true else {
            throw ValidationError(
                "--format: expected " + RecordFormat.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard skipBad >= 0 else { throw ValidationError("--skip-bad: expected 0 or more, got \(skipBad)") }
    }

    func run() throws {
        try reportingFailures {
            let prepared = try prepare()
            let display = PreparationDisplay(prepared.preparation, template: prepared.template.name)
            let manifest = try prepared.preparation.run { display.show($0) }
            display.end()
            try Console.print(manifest.summary(of: output))
        }
    }

    private func prepare() throws -> (preparation: DataPreparation, template: ShardManifest.Template) {
        var settings = PreparationSettings()
        settings.format = format.flatMap { RecordFormat(rawValue: $0) }
        settings.promptColumn = promptColumn
        settings.responseColumn = responseColumn
        settings.historyColumn = historyColumn
        settings.longest = longest
        // A template may write the date: the first file's, so that the same file gives the same samples.
        let time = try files.first.map { try FileIdentity(path: $0).modified / 1_000_000_000 } ?? 0
        let source =
            try model.map { try PreparationModel(path: $0, template: template, time: time) }
            ?? PreparationModel(bytes: template)
        let preparation = try DataPreparation(
            files, to: output, source.coder, tokenizer: source.tokenizer, template: source.template, settings: settings,
            allowed: skipBad, startsAnew: force)
        return (preparation, source.template)
    }
}
