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
    /// Names of parameters that are one tensor: `[["0.token.weight", "14.weight"]]`. Checked when the model is laid out.
    public var ties: [[String]] {
        didSet { tieMarks = [] }
    }
    /// Where `layers` begins.
    public var mark: Mark
    /// Where each name of `ties` stands in a manifest; empty where Swift wrote them.
    private var tieMarks: [[Mark]] = []

    /// A model whose entries are made already; `Sequential { … }` is the shorter way.
    public init(layers: [LayerDeclaration], loss: any Loss, ties: [[String]] = [], at mark: Mark) {
        self.layers = layers
        self.loss = loss
        self.ties = ties
        self.mark = mark
    }

    /// Every layer with every default, one per line.
    public func resolvedYAML() -> String {
        let ties = ties.isEmpty ? [] : ["ties: \(YAML.list(ties.map { YAML.list($0.map(YAML.quoted)) }))"]
        let lines = ["loss: \(loss.flowYAML)"] + ties + ["layers:"] + layers.map { "  - \($0.yaml)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Where a name of a tie is written.
    func mark(ofTie tie: Int, member: Int) -> Mark {
        guard tieMarks.indices.contains(tie), tieMarks[tie].indices.contains(member) else { return mark }
        return tieMarks[tie][member]
    }
}

extension Sequential {
    /// The keys of a model.
    package static let keys = ["layers", "loss", "ties"]

    /// Reads and validates a model file.
    public static func load(path: String) throws(ManifestError) -> Sequential {
        try decode(Field(node: ManifestFile.read(path), path: ""))
    }

    /// Validates a model manifest's text; errors call it `file`.
    public static func decode(yaml: String, file: String) throws(ManifestError) -> Sequential {
        try decode(Field(node: NodeComposer.compose(yaml, file: file), path: ""))
    }

    package static func decode(_ field: Field) throws(ManifestError) -> Sequential {
        let fields = try Fields(field, keys: keys, required: ["layers", "loss"])
        let layers = try fields.required("layers")
        let loss = Field(node: try fields.required("loss").node, path: "loss")
        var model = Sequential(
            layers: try LayerList.read(Field(node: layers.node, path: "layers")),
            loss: try LossKinds.registry.read(loss), at: layers.node.mark)
        if let ties = fields["ties"], !ties.node.isNull { try model.readTies(Field(node: ties.node, path: "ties")) }
        return model
    }

    /// `[[0.token.weight, 14.weight]]`
    private mutating func readTies(_ field: Field) throws(ManifestError) {
        var (names, marks): ([[String]], [[Mark]]) = ([], [])
        for tie in try field.list(of: "lists of parameters") {
            let members = try tie.list(of: "parameters")
            names.append(try members.map { member throws(ManifestError) in try member.text("a parameter's name") })
            marks.append(members.map(\.node.mark))
        }
        ties = names
        tieMarks = marks
    }
}
