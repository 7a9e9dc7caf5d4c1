import Layers
import Models
import Notation
import Partitioning

extension PipelineManifest.Partition {
    private static let words = ["uniform", "parameters", "flops", "profile", "auto"]

    /// `flops` unless written, beside `schedule: auto` `auto`; `{cuts: […]}` must fit the stages and layers.
    /// - Parameter stages: nil: a written or chosen schedule's, counted later.
    static func decode(
        _ field: Field?, _ schedule: PipelineManifest.Schedule, stages: Int?, _ model: Sequential
    ) throws(ManifestError) -> Self {
        guard let field else { return schedule == .auto ? .auto : .flops }
        if case .mapping = field.node.content {
            let cuts = try Fields(field, keys: Schema.partition, required: ["cuts"]).required("cuts")
            return .cuts(try decodeCuts(cuts, stages: stages, model))
        }
        let expected =
            "\(words.joined(separator: ", ")), type:REGEX or {cuts: [FIRST LAYER OF EACH STAGE BUT THE FIRST]}"
        let text = try field.text(expected)
        switch text {
        case "uniform": return .uniform
        case "parameters": return .parameters
        case "flops": return .flops
        case "profile": return .profile
        case "auto": return .auto
        case _ where text.hasPrefix("type:"): return .type(try pattern(text.dropFirst(5), field))
        default:
            throw field.error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
    }

    private static func pattern(_ text: Substring, _ field: Field) throws(ManifestError) -> String {
        let pattern = String(text)
        guard !pattern.isEmpty, pattern.utf8.count <= Limit.name, (try? Regex(pattern)) != nil else {
            throw field.error(expected: "a regular expression behind type:, such as type:transformer")
        }
        return pattern
    }

    private static func decodeCuts(
        _ field: Field, stages: Int?, _ model: Sequential
    ) throws(ManifestError) -> [Cut] {
        if stages ?? 1 == 1, field.node.content == .list([]) { return [] }
        var cuts: [Cut] = []
        var last = (layer: 0, part: 0)
        for entry in try field.list(of: "layer numbers") {
            let (cut, part) = try decodeCut(entry, model)
            guard (cut.layer, part) > last else {
                throw entry.error("cut \(cut) behind cut \(cuts.last ?? 0)", expected: "cuts in rising order")
            }
            last = (cut.layer, part)
            cuts.append(cut)
        }
        guard let stages else { return cuts }
        guard cuts.count == stages - 1 else {
            let plural = cuts.count == 1 ? "1 cut" : "\(cuts.count) cuts"
            throw field.error("\(plural) for \(stages) stages", expected: "\(stages - 1), one less than devices")
        }
        return cuts
    }

    /// A layer's number, or `5.mlp` where layer 5 has such a part; and which part that is, counted from 0.
    private static func decodeCut(_ field: Field, _ model: Sequential) throws(ManifestError) -> (Cut, part: Int) {
        let layers = model.layers
        if case .scalar(let text, _) = field.node.content, let cut = Cut(text), let name = cut.part {
            guard layers.indices.contains(cut.layer) else {
                throw field.error("a cut in layer \(cut.layer)", expected: "a layer from 0 to \(layers.count - 1)")
            }
            let parts = layers[cut.layer].layer?.parts.map(\.name) ?? []
            guard let part = parts.firstIndex(of: name), part > 0 else {
                let inside = parts.dropFirst().map { "\(cut.layer).\($0)" }
                let ends = cut.layer == 0 ? [] : ["\(cut.layer)"]
                let kind = layers[cut.layer].kind
                throw field.error(
                    "cut \(cut), which is no place of layer \(cut.layer) (\(kind))",
                    expected: inside.isEmpty
                        ? "a layer's number: it is in one piece" : (ends + inside).listed(with: "or"))
            }
            return (cut, part)
        }
        guard layers.count > 1 else {
            throw field.error("a cut in a model of one layer", expected: "two layers or more")
        }
        return (Cut(layer: try field.int(1...layers.count - 1)), 0)
    }
}
