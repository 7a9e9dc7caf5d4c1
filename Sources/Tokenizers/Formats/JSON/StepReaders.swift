/// Reads `pre_tokenizer` of a `tokenizer.json`.
struct PreTokenizerReader {
    /// Whether bytes are what the model sees: the last step was ByteLevel.
    private(set) var isByteLevel = false

    private static let supported =
        "ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit, Sequence"

    /// nil where nothing is split or changed.
    mutating func read(_ node: JSONNode) throws(LoadProblem) -> PreTokenizer? {
        guard !isByteLevel else {
            throw .unsupported(what: "\(node.place) behind ByteLevel", supported: "it to be last")
        }
        switch try node.string("type") {
        case "Sequence":
            var steps: [PreTokenizer] = []
            for step in try node.required("pretokenizers").steps() {
                if let step = try read(step) { steps.append(step) }
            }
            return .sequence(steps)
        case "ByteLevel":
            isByteLevel = true
            var steps: [PreTokenizer] = try node.bool("add_prefix_space", default: true) ? [.prefixSpace] : []
            if try node.bool("use_regex", default: true) {
                steps.append(.split(.expression(try KnownPatterns.gpt2), .isolated, inverted: false))
            }
            return steps.isEmpty ? nil : .sequence(steps)
        case "Split":
            return .split(
                try TextPattern(node.required("pattern")), try SplitBehavior(node.required("behavior")),
                inverted: try node.bool("invert", default: false))
        case "Digits": return .digits(individual: try node.bool("individual_digits", default: false))
        case "Metaspace": return .metaspace(try Metaspace(node))
        case "Punctuation":
            let behavior = try node.member("behavior").map { node throws(LoadProblem) in try SplitBehavior(node) }
            return .punctuation(behavior ?? .isolated)
        case "Whitespace": return .whitespace(words: true)
        case "WhitespaceSplit": return .whitespace(words: false)
        case "BertPreTokenizer": return .sequence([.whitespace(words: false), .punctuation(.isolated)])
        case "CharDelimiterSplit":
            let delimiter = try node.required("delimiter").scalar()
            return .split(.literal(Array(String(delimiter).utf8)), .removed, inverted: false)
        case let type: throw .unsupported(what: "the pre-tokenizer \(shownToken(type))", supported: Self.supported)
        }
    }
}

extension TextPattern {
    /// `{"String": …}` or `{"Regex": …}`.
    init(_ node: JSONNode) throws(LoadProblem) {
        if let literal = try node.member("String") {
            self = .literal(Array(try literal.string(upTo: 4096).utf8))
        } else {
            self = .expression(try Pattern(try node.string("Regex")))
        }
    }
}

extension Metaspace {
    init(_ node: JSONNode) throws(LoadProblem) {
        mark = try node.required("replacement").scalar()
        splits = try node.bool("split", default: true)
        let isAdded = try node.member("add_prefix_space").map { node throws(LoadProblem) in try node.bool() }
        guard let scheme = try node.member("prepend_scheme") else {
            prefix = isAdded == false ? .never : .always
            return
        }
        guard let prefix = Prefix(rawValue: try scheme.string()) else {
            throw scheme.wrong("\"first\", \"never\" or \"always\"")
        }
        guard isAdded != false || prefix == .never else {
            throw scheme.wrong("\"never\", as add_prefix_space is false")
        }
        self.prefix = prefix
    }
}

extension Normalizer {
    private static let supported =
        "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Nmt, Precompiled, Sequence"

    init(_ node: JSONNode) throws(LoadProblem) {
        let type = try node.string("type")
        switch type {
        case "Sequence":
            var steps: [Normalizer] = []
            for step in try node.required("normalizers").steps() { steps.append(try Normalizer(step)) }
            self = .sequence(steps)
        case "Lowercase": self = .lowercase
        case "StripAccents": self = .stripAccents
        case "Strip":
            self = .strip(
                left: try node.bool("strip_left", default: true), right: try node.bool("strip_right", default: true))
        case "Prepend": self = .prepend(Array(try node.required("prepend").string(upTo: 4096).utf8))
        case "Replace":
            self = .replace(
                try TextPattern(node.required("pattern")),
                with: Array(try node.required("content").string(upTo: 4096).utf8))
        case "Nmt": self = .controls
        case "Precompiled":
            let rules = try node.required("precompiled_charsmap")
            self = .precompiled(try CompiledRules(base64: try rules.string(), place: rules.place))
        default:
            guard let form = UnicodeForm(rawValue: type) else {
                throw .unsupported(what: "the normalizer \(shownToken(type))", supported: Self.supported)
            }
            self = .form(form)
        }
    }
}

extension TokenDecoder {
    private static let supported = "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip, Sequence"

    init(_ node: JSONNode) throws(LoadProblem) {
        switch try node.string("type") {
        case "Sequence":
            var steps: [TokenDecoder] = []
            for step in try node.required("decoders").steps() { steps.append(try TokenDecoder(step)) }
            self = steps.count == 1 ? steps[0] : .sequence(steps)
        case "ByteLevel": self = .byteLevel
        case "Metaspace":
            let metaspace = try Metaspace(node)
            self = .metaspace(mark: metaspace.mark, dropsFirst: metaspace.prefix != .never)
        case "Replace":
            self = .replace(
                try TextPattern(node.required("pattern")),
                with: Array(try node.required("content").string(upTo: 4096).utf8))
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                try node.required("content").scalar(), start: try node.required("start").count(upTo: 1 << 20),
                stop: try node.required("stop").count(upTo: 1 << 20))
        case let type: throw .unsupported(what: "the decoder \(shownToken(type))", supported: Self.supported)
        }
    }
}

extension JSONNode {
    /// A string of one Unicode scalar.
    func scalar() throws(LoadProblem) -> UnicodeScalar {
        let scalars = try string().unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else { throw wrong("one character") }
        return scalar
    }
}
