import Notation
public import Optimizers

extension PipelineManifest {
    /// `precision: f32`, `bf16`, `f16` or `{f16: {initial_scale_power: 12}}`
    public enum Precision: Hashable, Sendable {
        /// Activations and products in f32.
        case f32
        /// Activations, and what products read, in bf16; sums and weights in f32.
        case bf16
        /// Activations, and what products read, in f16, with a loss scale; sums and weights in f32.
        case f16(LossScaler.Settings)

        /// `bf16`
        public var name: String {
            switch self {
            case .f32: "f32"
            case .bf16: "bf16"
            case .f16: "f16"
            }
        }
    }
}

extension PipelineManifest.Precision {
    private static let words = ["f32", "bf16", "f16"]

    /// `f32` unless written.
    static func decode(_ field: Field?) throws(ManifestError) -> Self {
        guard let field else { return .f32 }
        if case .mapping = field.node.content {
            let f16 = try Fields(field, keys: Schema.precision, required: ["f16"]).required("f16")
            return .f16(try LossScaler.Settings.syntax.kind(f16, f16))
        }
        let expected = "f32, bf16, f16 or {f16: {…}}"
        switch try field.text(expected) {
        case "f32": return .f32
        case "bf16": return .bf16
        case "f16": return .f16(LossScaler.Settings())
        case let text:
            throw field.error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
    }

    var yaml: String {
        switch self {
        case .f32, .bf16: name
        case .f16(let scale): "{\(scale.yaml)}"
        }
    }
}
