import Notation

/// Reads lists of layers, writes `repeat` blocks out, and counts what comes of it.
struct LayerReader {
    /// Layers so far, those inside `residual` counted too.
    private var count = 0
    private var residuals = 0

    mutating func read(_ field: Field) throws(ManifestError) -> [LayerDeclaration] {
        var layers: [LayerDeclaration] = []
        for entry in try field.list(of: "layers") {
            if entry.node["repeat"] != nil {
                layers += try block(entry)
            } else {
                layers.append(try layer(entry))
            }
        }
        return layers
    }

    /// `{repeat: 8, layers: […]}`
    private mutating func block(_ field: Field) throws(ManifestError) -> [LayerDeclaration] {
        let fields = try Fields(
            Field(node: field.node, path: "repeat"), keys: ["repeat", "layers"], required: ["layers"])
        let times = Field(node: try fields.required("repeat").node, path: "repeat")
        let repeats = try times.int(1...Limit.repeats)
        let before = count
        let body = try read(fields.required("layers"))
        // Both factors are at most 100,000.
        try grow(by: (count - before) * (repeats - 1), at: times)
        return Array(repeatElement(body, count: repeats).joined())
    }

    private mutating func nested(_ field: Field) throws(ManifestError) -> [LayerDeclaration] {
        residuals += 1
        defer { residuals -= 1 }
        guard residuals <= Limit.residuals else {
            throw field.error("\(residuals) residuals inside one another", expected: "at most \(Limit.residuals)")
        }
        return try read(field)
    }

    private mutating func grow(by layers: Int, at field: Field) throws(ManifestError) {
        count += layers
        guard count <= Limit.layers else {
            throw field.error("more than \(Limit.layers) layers", expected: "at most \(Limit.layers)")
        }
    }

    /// `relu`, or `linear: {…}`
    private mutating func layer(_ field: Field) throws(ManifestError) -> LayerDeclaration {
        try grow(by: 1, at: field)
        let (name, value, mark) = try kind(field)
        let kind: LayerDeclaration.Kind
        if name.path == "residual", let value {
            kind = .residual(try nested(value))
        } else {
            kind = try LayerSyntax.kind(name, value)
        }
        return LayerDeclaration(kind, at: mark)
    }

    /// The kind's name, its settings if any, and where the layer stands.
    private func kind(_ field: Field) throws(ManifestError) -> (name: Field, value: Field?, mark: Mark) {
        switch field.node.content {
        case .scalar(let name, _):
            return (Field(node: field.node, path: name), nil, field.node.mark)
        case .mapping(let entries) where entries.count == 1:
            let entry = entries[0]
            let name = Node(content: .scalar(entry.key, isQuoted: false), mark: entry.keyMark)
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
