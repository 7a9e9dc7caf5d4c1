import Notation

extension PipelineManifest.Partition {
    private static let words = ["uniform", "parameters", "flops", "profile", "auto"]

    /// `flops` unless written, beside `schedule: auto` `auto`; `{cuts: […]}` must fit the stages and layers.
    /// - Parameter stages: nil: a written or chosen schedule's, counted later.
    static func decode(
        _ field: Field?, _ schedule: PipelineManifest.Schedule, stages: Int?, layers: Int
    ) throws(ManifestError) -> Self {
        guard let field else { return schedule == .auto ? .auto : .flops }
        if case .mapping = field.node.content {
            let cuts = try Fields(field, keys: Schema.partition, required: ["cuts"]).required("cuts")
            return .cuts(try decodeCuts(cuts, stages: stages, layers: layers))
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

    private static func decodeCuts(_ field: Field, stages: Int?, layers: Int) throws(ManifestError) -> [Int] {
        if stages ?? 1 == 1, field.node.content == .list([]) { return [] }
        var cuts: [Int] = []
        for entry in try field.list(of: "layer numbers") {
            guard layers > 1 else { throw entry.error("a cut in a model of one layer", expected: "two layers or more") }
            let cut = try entry.int(1...layers - 1)
            guard cut > cuts.last ?? 0 else {
                throw entry.error("cut \(cut) behind cut \(cuts.last ?? 0)", expected: "cuts in rising order")
            }
            cuts.append(cut)
        }
        guard let stages else { return cuts }
        guard cuts.count == stages - 1 else {
            let plural = cuts.count == 1 ? "1 cut" : "\(cuts.count) cuts"
            throw field.error("\(plural) for \(stages) stages", expected: "\(stages - 1), one less than devices")
        }
        return cuts
    }
}
