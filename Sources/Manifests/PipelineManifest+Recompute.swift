public import Models
import Notation

extension PipelineManifest {
    /// Whether somebody chose what is recomputed: `schedule: auto` leaves it alone then.
    package var isRecomputeWritten: Bool { marks["recompute"] != nil || recompute != .none }
}

extension PipelineManifest.Recompute {
    private static let words = ["none", "stage"]

    /// `none` unless written.
    static func decode(_ field: Field?, layers: Int) throws(ManifestError) -> Self {
        guard let field else { return .none }
        if case .mapping = field.node.content {
            let every = try Fields(field, keys: Schema.recompute, required: ["every"]).required("every")
            return .every(try every.int(1...layers))
        }
        let expected = "none, stage or {every: LAYERS}"
        switch try field.text(expected) {
        case "none": return .none
        case "stage": return .stage
        case let text:
            throw field.error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
    }

    /// `none`, `stage`, `{every: 2}`
    public var text: String {
        switch self {
        case .none: "none"
        case .stage: "stage"
        case .every(let layers): "{every: \(layers)}"
        }
    }
}
