import ArgumentParser
import Echelon
import Systems

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model as its family publishes it: a folder that Hugging Face's libraries load.",
        discussion: """
            config.json, safetensors under the family's names (in shards where they are large), and the tokenizer's files. \
            Tensors have the types of the files that the model came from; where training made numbers that these cannot \
            hold, all are written as f32 unless --dtype says otherwise.
            Of a run with `lora` the adapters alone are written, as PEFT loads them, unless --merged says otherwise.
            """)

    @Argument(help: "A run directory, a pretrained model's folder, or a .gguf file.")
    var model: String

    @Option(name: .customLong("to"), help: ArgumentHelp("The folder to write.", valueName: "folder"))
    var target: String

    @Option(help: "The type of all tensors: f32, bf16 or f16.")
    var dtype: String?

    @Flag(help: "The whole model with its adapters merged into the weights.")
    var merged = false

    @Option(help: ArgumentHelp("The most bytes of one file, as 5GB or 500MB.", valueName: "size"))
    var shardSize: String?

    func run() throws {
        try reportingFailures {
            let types: [String: DType] = ["f32": .f32, "bf16": .bf16, "f16": .f16]
            let type = try dtype.map { name in
                guard let type = types[name] else {
                    throw RunFailure.badInput("--dtype: expected f32, bf16 or f16, got \(name.printable(limit: 60))")
                }
                return type
            }
            let source = try ModelSource(path: model)
            let summary = try write(source, type, shardBytes: try Self.bytes(shardSize))
            try Console.print("\(target.printable()): \(summary.dtype), \(summary.files.joined(separator: ", "))")
            if summary.isWidened {
                try Console.print(
                    "Training made numbers that the model's own type cannot hold: written as f32; --dtype bf16 halves it."
                )
            }
        }
    }

    private func write(_ source: ModelSource, _ type: DType?, shardBytes: Int) throws -> ModelExport.Summary {
        if let adapters = source.adapters, !merged {
            return try AdapterExport(source, adapters).write(to: target, dtype: type)
        }
        guard source.adapters != nil || !merged else {
            throw RunFailure.badInput("--merged: \(model.printable()) has no adapters; expected a run with lora")
        }
        return try ModelExport(source).write(to: target, dtype: type, shardBytes: shardBytes)
    }

    private static func bytes(_ text: String?) throws -> Int {
        guard let text else { return 5_000_000_000 }
        let units = ["GB": 1_000_000_000, "MB": 1_000_000, "KB": 1000, "B": 1]
        for unit in ["GB", "MB", "KB", "B"] where text.hasSuffix(unit) {
            guard let number = Int(text.dropLast(unit.count)), number > 0 else { break }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: units[unit] ?? 1)
            if !overflow { return bytes }
        }
        throw RunFailure.badInput("--shard-size: expected a size as 5GB or 500MB, got \(text.printable(limit: 60))")
    }
}
