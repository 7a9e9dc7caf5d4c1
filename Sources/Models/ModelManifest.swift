public import Layers
public import Notation

/// `models/*.yaml`: an ordered list of layers and a loss.
public struct ModelManifest: Hashable, Sendable {
    public var layers: [LayerDeclaration]
    @AnyKind public var loss: any Loss
    /// Where `layers` begins.
    public var mark: Mark

    public init(layers: [LayerDeclaration], loss: any Loss, at mark: Mark) {
        self.layers = layers
        self.loss = loss
        self.mark = mark
    }

    /// Every layer with every default, one per line.
    public func resolvedYAML() -> String {
        (["loss: \(loss.flowYAML)", "layers:"] + layers.map { "  - \($0.yaml)" }).joined(separator: "\n") + "\n"
    }
}

extension ModelManifest {
    /// The keys of a model.
    package static let keys = ["layers", "loss"]

    /// Reads and validates a model file.
    public static func load(path: String) throws(ManifestError) -> ModelManifest {
        try decode(Field(node: ManifestFile.read(path), path: ""))
    }

    /// Validates a model manifest's text; errors call it `file`.
    public static func decode(yaml: String, file: String) throws(ManifestError) -> ModelManifest {
        try decode(Field(node: NodeComposer.compose(yaml, file: file), path: ""))
    }

    package static func decode(_ field: Field) throws(ManifestError) -> ModelManifest {
        let fields = try Fields(field, keys: keys, required: keys)
        let layers = try fields.required("layers")
        let loss = Field(node: try fields.required("loss").node, path: "loss")
        return ModelManifest(
            layers: try LayerList.read(Field(node: layers.node, path: "layers")),
            loss: try LossKinds.registry.read(loss), at: layers.node.mark)
    }
}
