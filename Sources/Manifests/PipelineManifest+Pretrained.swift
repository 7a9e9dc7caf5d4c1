import Families
import Models
import Notation

extension PipelineManifest {
    /// A model's folder in a family's own form, as people publish it: config.json, weights, tokenizer; or a GGUF file.
    ///
    ///     model: {pretrained: ../SmolLM2-135M}      # its layers, and its weights to start from
    ///     model: {config: ../SmolLM2-135M}          # its layers alone: training begins with random weights
    public struct Pretrained: Hashable, Sendable {
        /// The folder or file, as it can be opened from the working directory.
        public var path: String
        /// Whether training begins with its weights.
        public var startsFromWeights: Bool

        /// With the folder's weights unless told otherwise.
        public init(path: String, startsFromWeights: Bool = true) {
            self.path = path
            self.startsFromWeights = startsFromWeights
        }

        /// What manifests call it.
        var key: String { startsFromWeights ? Self.keys[0] : Self.keys[1] }
        static let keys = ["pretrained", "config"]
    }

    /// A model in full, or a family's folder. A resolved manifest has both: the layers as the folder's config.json said
    /// when the run began.
    static func model(_ field: Field) throws(ManifestError) -> (Sequential, Pretrained?) {
        guard case .mapping(let entries) = field.node.content,
            let source = entries.first(where: { Pretrained.keys.contains($0.key) })
        else { return (try Sequential.decode(field), nil) }
        let rest = entries.filter { $0.key != source.key }
        let written = Field(node: source.value, path: "model.\(source.key)")
        let pretrained = Pretrained(
            path: try written.filePath("a folder with config.json, or a GGUF file"),
            startsFromWeights: source.key == Pretrained.keys[0])
        guard rest.isEmpty else {
            let node = YAMLNode(content: .mapping(rest), mark: field.node.mark)
            return (try Sequential.decode(Field(node: node, path: field.path, sections: field.sections)), pretrained)
        }
        return (try FamilyModel(path: pretrained.path).sequential, pretrained)
    }
}
