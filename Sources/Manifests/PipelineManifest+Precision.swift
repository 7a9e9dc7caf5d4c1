import Notation
import Optimizers

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
