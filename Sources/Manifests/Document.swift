import Models
import Notation
import Optimizers
import Systems

/// A pipeline manifest as written, with overrides applied, its model read in when needed.
struct Document {
    private(set) var root: YAMLNode
    private(set) var modelPath: String?

    init(_ root: YAMLNode) { self.root = root }

    mutating func apply(_ override: Override) throws(ManifestError) {
        if override.path[0] == "model" {
            if override.path.count == 1 { modelPath = nil } else { try loadModel() }
        }
        root = try root.setting(override.path[...], of: override)
    }

    /// Replaces the path of a model file by what the file holds.
    mutating func loadModel() throws(ManifestError) {
        guard let model = root["model"], case .scalar = model.content, !model.isNull else { return }
        let path = try Field(node: model, path: "model").filePath("a model file, or the model itself")
        root = root.replacing("model", by: try ManifestFile.read(path, namedAt: model.mark))
        modelPath = path
    }
}

extension YAMLNode {
    /// Alternatives of which a mapping holds one, by the mapping's path: to set one is to drop the others.
    private static func alternatives(at path: ArraySlice<String>, of override: Override) -> [String] {
        switch override.path.dropLast(path.count).joined(separator: ".") {
        case "data", "evaluate.data": Schema.sources
        // A folder replaces all that was written of a model.
        case "model" where PipelineManifest.Pretrained.keys.contains(path.first ?? ""):
            PipelineManifest.Pretrained.keys + Sequential.keys
        case "optimizer": OptimizerKinds.registry.names
        case "sim": Schema.sim
        case "schedule": ["file", "ranks"]
        default: []
        }
    }

    /// This node with the override's value at `path`, the part of the override's path that is left.
    fileprivate func setting(_ path: ArraySlice<String>, of override: Override) throws(ManifestError) -> YAMLNode {
        guard let key = path.first else { return override.value }
        if case .list(let nodes) = content { return try setting(key, path, in: nodes, of: override) }
        var entries: [Entry] = []
        var mark = override.mark
        if case .mapping(let written) = content { (entries, mark) = (written, self.mark) }
        let old = entries.first { $0.key == key }?.value ?? YAMLNode(content: .mapping([]), mark: override.mark)
        let entry = Entry(key: key, keyMark: override.mark, value: try old.setting(path.dropFirst(), of: override))
        let others = Self.alternatives(at: path, of: override)
        if others.contains(key) { entries.removeAll { others.contains($0.key) && $0.key != key } }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
        if override.path.dropLast(path.count) == ["batch"] { entries.dropDerived(from: key) }
        return YAMLNode(content: .mapping(entries), mark: mark)
    }

    private func setting(
        _ key: String, _ path: ArraySlice<String>, in nodes: [YAMLNode], of override: Override
    ) throws(ManifestError) -> YAMLNode {
        guard let index = Int(key), nodes.indices.contains(index) else {
            let list = override.path.dropLast(path.count).joined(separator: ".")
            let expected = nodes.isEmpty ? "a list that is not empty" : "an index from 0 to \(nodes.count - 1)"
            throw ManifestError(
                at: override.mark, found: "\"\(key.printable(limit: 60))\" in the list \(list)", expected: expected)
        }
        var nodes = nodes
        nodes[index] = try nodes[index].setting(path.dropFirst(), of: override)
        return YAMLNode(content: .list(nodes), mark: mark)
    }

    fileprivate func replacing(_ key: String, by value: YAMLNode) -> YAMLNode {
        guard case .mapping(var entries) = content else { return self }
        for index in entries.indices where entries[index].key == key { entries[index].value = value }
        return YAMLNode(content: .mapping(entries), mark: mark)
    }
}

extension [YAMLNode.Entry] {
    /// When all three of micro, microbatches and global stand and an override set `key`, one that the file wrote gives
    /// way, so that the other two and the override agree.
    fileprivate mutating func dropDerived(from key: String) {
        guard count == Schema.batch.count, allSatisfy({ Schema.batch.contains($0.key) }) else { return }
        let order = key == "microbatches" ? ["global", "micro"] : ["microbatches", "global", "micro"]
        let loser = order.first { name in name != key && contains { $0.key == name && !$0.keyMark.isOverride } }
        removeAll { $0.key == loser }
    }
}
