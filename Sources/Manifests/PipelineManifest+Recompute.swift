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
            let fields = try Fields(field, keys: Schema.recompute)
            switch (fields["every"], fields["layers"]) {
            case (let every?, nil): return .every(try every.int(1...layers))
            case (nil, let list?): return .layers(try decodeLayers(list, layers: layers))
            default: throw field.error(expected: "either every or layers")
            }
        }
        let expected = "none, stage, {every: LAYERS} or {layers: [NUMBERS OF LAYERS]}"
        switch try field.text(expected) {
        case "none": return .none
        case "stage": return .stage
        case let text:
            throw field.error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
    }

    private static func decodeLayers(_ field: Field, layers: Int) throws(ManifestError) -> [Int] {
        var numbers: [Int] = []
        for entry in try field.list(of: "layer numbers") {
            let number = try entry.int(0...layers - 1)
            guard number > numbers.last ?? -1 else {
                throw entry.error(
                    "layer \(number) behind layer \(numbers.last ?? 0)", expected: "layer numbers in rising order")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// `none`, `stage`, `{every: 2}`, `{layers: [3, 4]}`
    public var text: String {
        switch self {
        case .none: "none"
        case .stage: "stage"
        case .every(let layers): "{every: \(layers)}"
        case .layers(let layers): "{layers: \(YAML.list(layers.map(String.init)))}"
        }
    }
}
