import Notation
import Systems

/// Reads lists of layers, and writes `repeat` blocks out.
enum LayerList {
    /// Of one `repeat`.
    private static let largestRepeat = 10_000
    /// Layers of a model, those inside `residual` counted too.
    private static let largestCount = 100_000

    static func read(_ field: Field) throws(ManifestError) -> [LayerDeclaration] {
        var layers: [LayerDeclaration] = []
        var count = 0
        for entry in try field.list(of: "layers") {
            if entry.node["repeat"] != nil {
                try append(block: entry, to: &layers, &count)
            } else {
                let layer = try layer(entry)
                try grow(&count, by: layer.count, at: entry)
                layers.append(layer)
            }
        }
        return layers
    }

    /// `{repeat: 8, layers: […]}`
    private static func append(
        block field: Field, to layers: inout [LayerDeclaration], _ count: inout Int
    ) throws(ManifestError) {
        let fields = try Fields(
            Field(node: field.node, path: "repeat"), keys: ["repeat", "layers"], required: ["layers"])
        let times = Field(node: try fields.required("repeat").node, path: "repeat")
        let repeats = try times.int(1...largestRepeat)
        let body = try read(fields.required("layers"))
        // Both factors are at most 100,000.
        try grow(&count, by: body.reduce(0) { $0 + $1.count } * repeats, at: times)
        layers += repeatElement(body, count: repeats).joined()
    }

    private static func grow(_ count: inout Int, by layers: Int, at field: Field) throws(ManifestError) {
        count += layers
        guard count <= largestCount else {
            throw field.error("more than \(largestCount) layers", expected: "at most \(largestCount)")
        }
    }

    /// `relu`, or `linear: {…}`
    private static func layer(_ field: Field) throws(ManifestError) -> LayerDeclaration {
        let (name, value, mark) = try kind(field)
        guard let kind = LayerKinds.registry[name.path] else { throw unknown(name) }
        return LayerDeclaration(try kind.read(name, value), at: mark)
    }

    private static func unknown(_ name: Field) -> ManifestError {
        let names = LayerKinds.registry.names + ["repeat"]
        if name.path == "repeat" {
            return name.error("repeat without a value", expected: "repeat: 8, and layers: […] below it")
        }
        return name.error(
            name.node.isNull || name.path.isEmpty
                ? "a layer without a kind" : "unknown layer \"\(name.path.printable(limit: 60))\"",
            expected: names.listed(with: "or"), suggestion: Suggestion.nearest(to: name.path, in: names))
    }

    /// The kind's name, its settings if any, and where the layer stands.
    private static func kind(_ field: Field) throws(ManifestError) -> (name: Field, value: Field?, mark: Mark) {
        switch field.node.content {
        case .scalar(let name, _):
            return (Field(node: field.node, path: name), nil, field.node.mark)
        case .mapping(let entries) where entries.count == 1:
            let entry = entries[0]
            let name = YAMLNode(content: .scalar(entry.key, isQuoted: false), mark: entry.keyMark)
            let value = entry.value.isNull ? nil : Field(node: entry.value, path: entry.key)
            return (Field(node: name, path: entry.key), value, entry.keyMark)
        case .mapping:
            throw field.error(
                "one layer is \(field.node.summary)",
                expected: "one kind of layer, its settings in braces or indented below it")
        case .list:
            throw field.error("a list inside the list of layers", expected: "one layer per entry")
        }
    }
}

extension LayerDeclaration {
    /// Itself, and those inside.
    fileprivate var count: Int {
        guard case .wiring(let wiring) = content, let residual = wiring as? Residual else { return 1 }
        return 1 + residual.layers.reduce(0) { $0 + $1.count }
    }
}
