public import Layers
public import Notation

/// A model: an ordered list of layers and a loss. Read from `models/*.yaml`, or written in Swift:
///
///     let model = Sequential {
///         Embedding(vocab: 256, width: 64, positions: 64)
///         for _ in 0..<8 { Transformer(width: 64, heads: 4) }
///         LayerNorm(width: 64)
///         Linear(inputs: 64, outputs: 256, bias: false)
///     }
public struct Sequential: Hashable, Sendable {
    /// In order of execution, `repeat` blocks written out.
    public var layers: [LayerDeclaration]
    /// What the last layer's output is compared by.
    @AnyKind public var loss: any Loss
    /// Where `layers` begins.
    public var mark: Mark

    /// A model whose entries are made already; `Sequential { … }` is the shorter way.
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

extension Sequential {
    /// The keys of a model.
    package static let keys = ["layers", "loss"]

    /// Reads and validates a model file.
    public static func load(path: String) throws(ManifestError) -> Sequential {
        try decode(Field(node: ManifestFile.read(path), path: ""))
    }

    /// Validates a model manifest's text; errors call it `file`.
    public static func decode(yaml: String, file: String) throws(ManifestError) -> Sequential {
        try decode(Field(node: NodeComposer.compose(yaml, file: file), path: ""))
    }

    package static func decode(_ field: Field) throws(ManifestError) -> Sequential {
        let fields = try Fields(field, keys: keys, required: keys)
        let layers = try fields.required("layers")
        let loss = Field(node: try fields.required("loss").node, path: "loss")
        return Sequential(
            layers: try LayerList.read(Field(node: layers.node, path: "layers")),
            loss: try LossKinds.registry.read(loss), at: layers.node.mark)
    }
}
