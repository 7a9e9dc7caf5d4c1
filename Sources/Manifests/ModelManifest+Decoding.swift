public import Notation

extension ModelManifest {
    /// Reads and validates a model file.
    public static func load(path: String) throws(ManifestError) -> ModelManifest {
        try decode(Field(node: ManifestFile.read(path), path: ""))
    }

    /// Validates a model manifest's text; errors call it `file`.
    public static func decode(yaml: String, file: String) throws(ManifestError) -> ModelManifest {
        try decode(Field(node: NodeComposer.compose(yaml, file: file), path: ""))
    }

    static func decode(_ field: Field) throws(ManifestError) -> ModelManifest {
        let fields = try Fields(field, keys: Schema.model, required: ["layers", "loss"])
        let layers = try fields.required("layers")
        let loss = Field(node: try fields.required("loss").node, path: "loss")
        var reader = LayerReader()
        return ModelManifest(
            layers: try reader.read(Field(node: layers.node, path: "layers")), loss: try Self.loss(loss),
            at: layers.node.mark)
    }

    private static func loss(_ field: Field) throws(ManifestError) -> LossDeclaration {
        let losses = LossDeclaration.allCases
        let name = try field.choice(losses.map(\.name))
        return losses.first { $0.name == name } ?? .crossEntropy
    }
}

extension LossDeclaration {
    /// As manifests write it.
    public var name: String {
        switch self {
        case .crossEntropy: "cross-entropy"
        case .meanSquaredError: "mean-squared-error"
        }
    }
}
