extension PostProcessor {
    private static let supported = "TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing, Sequence"

    /// As a `tokenizer.json` describes it.
    init(_ node: JSONNode, vocabularySize: Int) throws(LoadProblem) {
        switch try node.string("type") {
        case "Sequence":
            var steps: [PostProcessor] = []
            for step in try node.required("processors").steps() {
                steps.append(try PostProcessor(step, vocabularySize: vocabularySize))
            }
            self = .sequence(steps)
        case "TemplateProcessing": self = .template(try Self.template(node, vocabularySize))
        case "ByteLevel":
            let keepsFirst = try node.bool("add_prefix_space", default: true)
            let trims = try node.bool("trim_offsets", default: true)
            self = trims ? .trimOffsets(keepsFirst: keepsFirst) : .sequence([])
        case "BertProcessing": self = .template(try Self.pair(node, vocabularySize))
        case "RobertaProcessing":
            let template = PostProcessor.template(try Self.pair(node, vocabularySize))
            let keepsFirst = try node.bool("add_prefix_space", default: true)
            let trims = try node.bool("trim_offsets", default: true)
            self = .sequence(trims ? [.trimOffsets(keepsFirst: keepsFirst), template] : [template])
        case let type: throw .unsupported(what: "the post-processor \(shownToken(type))", supported: Self.supported)
        }
    }

    /// `single` of a template: the text, and tokens by names that `special_tokens` gives ids.
    private static func template(_ node: JSONNode, _ size: Int) throws(LoadProblem) -> [TemplatePart] {
        let known = try node.member("special_tokens").map { node throws(LoadProblem) in try node.members() } ?? [:]
        var parts: [TemplatePart] = []
        for piece in try node.required("single").elements() {
            if let sequence = try piece.member("Sequence") {
                guard try sequence.string("id") == "A" else {
                    throw sequence.wrong("the sequence A alone in a template for one text")
                }
                parts.append(.text)
                continue
            }
            let name = try piece.required("SpecialToken").required("id")
            guard let token = known[try name.string()] else { throw name.wrong("a name that special_tokens lists") }
            var ids: [Int32] = []
            for id in try token.required("ids").steps() { ids.append(Int32(try id.count(upTo: max(size - 1, 0)))) }
            parts.append(.ids(ids))
        }
        guard parts.count <= 1000, parts.count(where: { $0 == .text }) <= 10 else {
            throw .malformed(place: node.place, expected: "a template of few parts", got: "\(parts.count)")
        }
        return parts
    }

    /// `cls`, the text, `sep`.
    private static func pair(_ node: JSONNode, _ size: Int) throws(LoadProblem) -> [TemplatePart] {
        func id(_ key: String) throws(LoadProblem) -> Int32 {
            let pair = try node.required(key)
            let elements = try pair.elements()
            guard elements.count == 2 else { throw pair.wrong("a token and its id") }
            return Int32(try elements[1].count(upTo: max(size - 1, 0)))
        }
        return [.ids([try id("cls")]), .text, .ids([try id("sep")])]
    }
}
