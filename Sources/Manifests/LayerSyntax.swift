import Notation
import Systems

/// How each kind of layer is written: `kind`, `kind: value` or `kind: {settings}`.
enum LayerSyntax {
    private typealias Reader = @Sendable (Field) throws(ManifestError) -> LayerDeclaration.Kind

    /// Kinds with a value behind the colon.
    private static let settings: [(name: String, read: Reader)] = [
        ("embedding", embedding), ("linear", linear), ("layer-norm", layerNorm), ("rms-norm", rmsNorm),
        ("dropout", dropout), ("attention", attention), ("transformer", transformer), ("split", split),
        ("select", select), ("stash", stash), ("pop", pop), ("reshape", reshape), ("gelu", gelu),
    ]

    /// Kinds that need none.
    private static let bare: [(name: String, kind: LayerDeclaration.Kind)] = [
        ("gelu", .activation(.geluErf)), ("relu", .activation(.relu)), ("silu", .activation(.silu)),
        ("tanh", .activation(.tanh)), ("sigmoid", .activation(.sigmoid)), ("add", .add), ("concatenate", .concatenate),
        ("flatten", .flatten),
    ]

    private static var names: [String] {
        settings.map(\.name) + ["residual"] + bare.map(\.name).filter { $0 != "gelu" } + ["repeat"]
    }

    static func kind(_ name: Field, _ value: Field?) throws(ManifestError) -> LayerDeclaration.Kind {
        let word = name.path
        let setting = settings.first { $0.name == word }
        let bare = bare.first { $0.name == word }
        switch (setting, bare, value) {
        case (let setting?, _, let value?): return try setting.read(value)
        case (_, let bare?, nil): return bare.kind
        case (nil, _?, let value?):
            throw value.error(expected: "\(word) without a value")
        default: break
        }
        guard names.contains(word) else {
            let isNamed = name.node.isNull || word.isEmpty
            throw name.error(
                isNamed ? "a layer without a kind" : "unknown layer \"\(word.printable(limit: 60))\"",
                expected: names.listed(with: "or"), suggestion: Suggestion.nearest(to: word, in: names))
        }
        throw name.error("\(word) without a value", expected: example(word))
    }

    private static func example(_ kind: String) -> String {
        switch kind {
        case "embedding": "embedding: {vocab: 256, width: 64}"
        case "linear": "linear: {in: 64, out: 64}"
        case "layer-norm", "rms-norm": "\(kind): {width: 64}"
        case "attention", "transformer": "\(kind): {width: 64, heads: 4}"
        case "dropout": "dropout: 0.1"
        case "residual": "residual: [a list of layers]"
        case "split": "split: 2, or split: [64, 192]"
        case "select": "select: 0"
        case "reshape": "reshape: [8, 64]"
        case "repeat": "repeat: 8, and layers: […] below it"
        default: "\(kind): name"
        }
    }
}

extension LayerSyntax {
    private static func embedding(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let fields = try Fields(field, keys: ["vocab", "width", "positions"], required: ["vocab", "width"])
        return .embedding(
            vocab: try extent(fields, "vocab"), width: try extent(fields, "width"),
            positions: fields["positions"] == nil ? nil : try extent(fields, "positions"))
    }

    private static func linear(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let fields = try Fields(field, keys: ["in", "out", "bias"], required: ["in", "out"])
        return .linear(
            inputs: try extent(fields, "in"), outputs: try extent(fields, "out"), bias: try flag(fields, "bias"))
    }

    private static func layerNorm(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let fields = try Fields(field, keys: ["width", "epsilon", "bias"], required: ["width"])
        return .layerNorm(
            width: try extent(fields, "width"), epsilon: try epsilon(fields) ?? 1e-5, bias: try flag(fields, "bias"))
    }

    private static func rmsNorm(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let fields = try Fields(field, keys: ["width", "epsilon"], required: ["width"])
        return .rmsNorm(width: try extent(fields, "width"), epsilon: try epsilon(fields) ?? 1e-6)
    }

    private static func dropout(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        .dropout(probability: try probability(field))
    }

    private static func attention(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let fields = try Fields(field, keys: ["width", "heads", "causal", "bias"], required: ["width", "heads"])
        let width = try extent(fields, "width")
        return .attention(
            width: width, heads: try heads(fields, width), causal: try flag(fields, "causal"),
            bias: try flag(fields, "bias"))
    }

    private static func transformer(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let keys = ["width", "heads", "hidden", "activation", "causal", "bias", "norm", "epsilon", "dropout"]
        let fields = try Fields(field, keys: keys, required: ["width", "heads"])
        let width = try extent(fields, "width")
        var block = LayerDeclaration.TransformerDeclaration(width: width, heads: try heads(fields, width))
        if fields["hidden"] != nil { block.hidden = try extent(fields, "hidden") }
        if let field = fields["activation"] {
            block.activation = try field.choice(LayerDeclaration.ActivationName.self)
        }
        if let field = fields["norm"] { block.norm = try field.choice(LayerDeclaration.NormName.self) }
        block.causal = try flag(fields, "causal")
        block.bias = try flag(fields, "bias")
        block.epsilon = try epsilon(fields) ?? (block.norm == .layerNorm ? 1e-5 : 1e-6)
        if let field = fields["dropout"] { block.dropout = try probability(field) }
        return .transformer(block)
    }

    private static func split(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        guard case .list = field.node.content else { return .split(.parts(try field.int(2...Limit.extent))) }
        let widths = try extents(field, of: "widths")
        guard widths.count >= 2 else { throw field.error("split into one part", expected: "two widths or more") }
        return .split(.widths(widths))
    }

    private static func select(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        .select(try field.int(0...Limit.extent))
    }

    private static func stash(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        .stash(try field.text("a name, which a pop further down repeats"))
    }

    private static func pop(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        .pop(try field.text("the name of a stash further up"))
    }

    private static func reshape(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        let extents = try extents(field, of: "extents")
        guard extents.count < Limit.rank else {
            throw field.error(
                "\(extents.count) extents", expected: "at most \(Limit.rank - 1), the batch axis not counted")
        }
        return .reshape(extents)
    }

    private static func gelu(_ field: Field) throws(ManifestError) -> LayerDeclaration.Kind {
        .activation(try field.choice(["tanh", "erf"]) == "tanh" ? .geluTanh : .geluErf)
    }
}

extension LayerSyntax {
    private static func extent(_ fields: Fields, _ key: String) throws(ManifestError) -> Int {
        try fields.required(key).int(1...Limit.extent)
    }

    /// Flags are true unless written otherwise.
    private static func flag(_ fields: Fields, _ key: String) throws(ManifestError) -> Bool {
        guard let field = fields[key] else { return true }
        return try field.bool()
    }

    private static func epsilon(_ fields: Fields) throws(ManifestError) -> Double? {
        guard let field = fields["epsilon"] else { return nil }
        return try field.number("above 0 and at most 1") { $0 > 0 && $0 <= 1 }
    }

    private static func probability(_ field: Field) throws(ManifestError) -> Double {
        try field.number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
    }

    private static func heads(_ fields: Fields, _ width: Int) throws(ManifestError) -> Int {
        let field = try fields.required("heads")
        let heads = try field.int(1...Limit.extent)
        guard width.isMultiple(of: heads) else {
            let near = (1...width).lazy.filter(width.isMultiple(of:)).prefix { $0 <= heads }.max { $0 < $1 } ?? 1
            throw field.error(
                "\(field.path) is \(heads), and the width \(width) is no multiple of it",
                expected: "a divisor of the width", suggestion: "\(near)")
        }
        return heads
    }

    /// A list of extents whose product is bounded.
    private static func extents(_ field: Field, of what: String) throws(ManifestError) -> [Int] {
        var extents: [Int] = []
        var elements = 1
        for entry in try field.list(of: what) {
            extents.append(try entry.int(1...Limit.extent))
            // At most 2^40 × 2^24.
            let product = elements.multipliedReportingOverflow(by: extents[extents.count - 1])
            guard !product.overflow, product.partialValue <= Limit.elements else {
                throw entry.error("\(field.path) has too many elements", expected: "at most \(Limit.elements)")
            }
            elements = product.partialValue
        }
        return extents
    }
}
