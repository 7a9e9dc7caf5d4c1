package import Checkpoints
internal import Foundation
package import Notation
internal import Systems
package import Tensors

/// An adapter as PEFT keeps it: adapter_config.json and adapter_model.safetensors.
package struct AdapterFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path.hasSuffix("/") ? String(path.dropLast()) : path }

    private static let configurationName = "adapter_config.json"
    private static let weightsName = "adapter_model.safetensors"

    /// The file of the adapters' parameters.
    package var weightsPath: String { path + "/" + Self.weightsName }

    // MARK: Reading

    /// - Throws: the first setting that cannot be computed, with its place.
    package func settings() throws(ManifestError) -> AdapterSettings {
        let file = path + "/" + Self.configurationName
        let configuration = try Configuration(Configuration.read(file), path: file)
        let type = try configuration.required("peft_type")
        _ = try type.word(["LORA"])
        try refuseUnsupported(configuration)
        return AdapterSettings(
            rank: try configuration.whole("r", 1...Limit.extent), alpha: try configuration.number("lora_alpha"),
            dropout: try configuration.number("lora_dropout", usual: 0, "from 0 to below 1") { (0..<1).contains($0) },
            isRankStabilised: try configuration.flag("use_rslora", usual: false),
            targets: try targets(configuration))
    }

    /// The adapters' parameters, which the file has to hold, and nothing else.
    package func weights(_ map: TensorMap) throws(CheckpointError) -> MappedWeights {
        try PretrainedWeights(path: weightsPath).mapped(by: map)
    }

    /// Keys that say nothing about what is computed.
    private static let passedOver: Set = [
        "peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "auto_mapping",
        "base_model_name_or_path", "fan_in_fan_out", "inference_mode", "megatron_core", "peft_version",
        "qalora_group_size", "revision", "task_type", "layers_pattern",
    ]
    /// Values that mean what would be without the key.
    private static let usual: [String: [String]] = [
        "bias": ["none"], "init_lora_weights": ["gaussian", "eva", "orthogonal"],
    ]

    /// Every other key has to be null, false or empty: what it may ask for is not computed here.
    private func refuseUnsupported(_ configuration: Configuration) throws(ManifestError) {
        guard case .mapping(let entries) = configuration.root.node.content else { return }
        for entry in entries where !Self.passedOver.contains(entry.key) && !entry.value.isNull {
            let usual = Self.usual[entry.key] ?? []
            switch entry.value.content {
            case .list([]), .mapping([]): continue
            case .scalar("false", isQuoted: false): continue
            case .scalar("true", isQuoted: false) where entry.key == "init_lora_weights": continue
            case .scalar(let text, isQuoted: true) where usual.contains(text): continue
            default:
                throw Field(node: entry.value, path: entry.key).error(
                    expected: (usual + ["null"]).joined(separator: " or ") + ": nothing else is supported")
            }
        }
    }

    /// As PEFT reads it: a list of names, of which a module's has one at its end; or a pattern for whole names.
    private func targets(_ configuration: Configuration) throws(ManifestError) -> String? {
        let field = try configuration.required("target_modules")
        guard field.isList else {
            let text = try field.text("names of modules")
            return text == "all-linear" ? nil : "^(?:\(text))$"
        }
        var names: [String] = []
        for entry in try field.list(of: "names of modules") { names.append(try entry.text("a module's name")) }
        return "(?:^|\\.)(?:\(names.map(Self.escaped).joined(separator: "|")))$"
    }

    private static func escaped(_ name: String) -> String {
        String(name.flatMap { "\\^$.|?*+()[]{}".contains($0) ? ["\\", $0] : [$0] })
    }

    // MARK: Writing

    /// Writes the adapters of a model.
    /// - Parameters:
    ///   - base: the model that they were trained beside.
    ///   - dtype: what their numbers are stored as.
    ///   - read: gives rows of the adapters' parameters.
    /// - Returns: the files' names.
    package func write(
        _ adapted: AdaptedModel, base: String, dtype: DType, read: TensorMap.ReadRows
    ) throws -> [String] {
        guard let tensors = adapted.tensors, let settings = adapted.settings else { return [] }
        let isNew = !File.exists(path)
        guard !File.exists(weightsPath) else {
            throw CheckpointError.file(path: path, operation: "write an adapter", reason: "it holds one already")
        }
        try File.makeFolder(path)
        do {
            try tensors.export(
                to: path, shardByteCount: .max, file: Self.weightsName, types: { _ in dtype }, read: read)
            try File.write(configuration(adapted, settings, base), to: path + "/" + Self.configurationName)
        } catch {
            if isNew { File.remove(path) }
            throw error
        }
        return [Self.weightsName, Self.configurationName]
    }

    private func configuration(
        _ adapted: AdaptedModel, _ settings: AdapterSettings, _ base: String
    ) throws -> [UInt8] {
        let values: [String: Any] = [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "bias": "none",
            "r": settings.rank, "lora_alpha": settings.alpha, "lora_dropout": settings.dropout,
            "use_rslora": settings.isRankStabilised, "use_dora": false, "fan_in_fan_out": adapted.isTransposed,
            "inference_mode": true, "init_lora_weights": true, "modules_to_save": NSNull(),
            "target_modules": adapted.modules,
        ]
        return Array(
            try JSONSerialization.data(
                withJSONObject: values, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]))
    }
}
