import Families
import Foundation
import TestSupport

/// A file or folder beside the scripts that made it.
func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)").path
}

/// A folder of a model whose `config.json` has this text, and whatever other files are given.
func folder(_ text: String, _ files: [String: String] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files.merging(["config.json": text], uniquingKeysWith: { $1 }) {
        try folder.write(text, to: name)
    }
    return folder
}

/// The model of a configuration's text.
func model(_ text: String, _ files: [String: String] = [:]) throws -> FamilyModel {
    let folder = try folder(text, files)
    return try withExtendedLifetime(folder) { try FamilyModel(directory: folder.path) }
}

/// A small configuration, some of its keys replaced; a nil takes a key away.
func configuration(_ family: String, _ keys: [String: String?] = [:]) -> String {
    var entries: [String: String?] = [
        "model_type": "\"\(family)\"", "vocab_size": "40", "hidden_size": "24", "intermediate_size": "20",
        "num_hidden_layers": "3", "num_attention_heads": "4", "max_position_embeddings": "64", "pad_token_id": "0",
    ]
    for (key, value) in keys { entries[key] = .some(value) }
    let lines = entries.sorted { $0.key < $1.key }.compactMap { key, value in value.map { "\"\(key)\": \($0)" } }
    return "{\n  \(lines.joined(separator: ",\n  "))\n}\n"
}
