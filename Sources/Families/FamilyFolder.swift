package import Checkpoints
internal import Foundation
internal import Systems
package import Tensors

/// What belongs to a pretrained model beside its weights: its configuration and its tokenizer, as files. A run keeps a copy,
/// so that what was trained can be used and exported without the folder that it began with.
package struct FamilyFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// Files of a model's folder that are neither weights nor documents.
    private static let names = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
        "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja",
        "chat_template.json", "spiece.model", "ice_text.model",
    ]
    private static let types = "tensor-types.json"
    private static let longestFile = 64 << 20

    /// Whether a model's configuration lies there.
    package var exists: Bool { File.exists(path + "/config.json") }

    /// Copies a model's small files here; of a GGUF file, a config.json that says what its metadata say.
    /// - Parameter source: a folder or a GGUF file.
    package func fill(from source: String) throws {
        try File.makeFolder(path)
        guard !source.hasSuffix(".gguf") else {
            try File.write(FamilyModel(path: source).configuration, to: path + "/config.json")
            return
        }
        let present = try File.names(in: source)
        for name in present where Self.names.contains(name) || name.hasSuffix(".tiktoken") {
            guard !File.isFolder(source + "/" + name) else { continue }
            try File.write(File.read(source + "/" + name, limit: Self.longestFile), to: path + "/" + name)
        }
    }

    // MARK: The types of tensors

    /// Notes what the files store each tensor as, so that an export can write the same.
    package func keepTypes(of weights: MappedWeights, _ map: TensorMap) throws {
        var types: [String: String] = [:]
        for tensor in map.storedTensors {
            guard let encoding = weights.encoding(of: tensor.name), let type = encoding.dtype else { continue }
            types[tensor.name] = type.description
        }
        let bytes = try JSONSerialization.data(withJSONObject: types, options: [.sortedKeys])
        try File.write(bytes, to: path + "/" + Self.types)
    }

    /// By the family's name; nothing for tensors that no file held.
    package func types() -> [String: DType] {
        guard let bytes = try? File.read(path + "/" + Self.types, limit: Self.longestFile),
            let names = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        else { return [:] }
        return names.compactMapValues { name in [DType.f32, .bf16, .f16].first { $0.description == name } }
    }

    /// Says in config.json which type the weights have: loaders take that for granted.
    package func setType(_ dtype: DType) throws {
        let name: String
        switch dtype {
        case .bf16: name = "bfloat16"
        case .f16: name = "float16"
        default: name = "float32"
        }
        let file = path + "/config.json"
        let text = try File.text(file, limit: Self.longestFile)
        let changed = text.replacing(/"(torch_dtype|dtype)"(\s*:\s*)"[A-Za-z0-9]*"/) { match in
            "\"\(match.1)\"\(match.2)\"\(name)\""
        }
        if changed != text { try File.write(changed.utf8, to: file) }
    }
}

extension StoredEncoding {
    /// The type that activations may have, too; nil for blocks and others.
    package var dtype: DType? {
        switch self {
        case .plain(.f32): .f32
        case .plain(.bf16): .bf16
        case .plain(.f16): .f16
        default: nil
        }
    }
}
