import Layers
public import Notation

/// A nested list's output plus its input, or plus `scale` times its input.
///
///     Residual {
///         LayerNorm(width: 64)
///         Linear(inputs: 64, outputs: 64)
///     }
public struct Residual: Wiring {
    let layers: [LayerDeclaration]
    /// What the input is multiplied with.
    let scale: Double
    /// Lists and mappings inside one another, as a manifest writes it, this residual's own counted.
    fileprivate let depth: Int

    init(_ layers: [LayerDeclaration], scale: Double = 1) {
        self.layers = layers
        self.scale = scale
        depth = (scale == 1 ? 2 : 3) + (layers.map(\.residualDepth).max() ?? 0)
    }

    /// A list that Swift describes.
    /// - Parameters:
    ///   - scale: what the list's input is multiplied with before its output is added: 10⁻⁶ … 65504.
    ///   - layers: the list, in order of execution.
    public init(scale: Double = 1, @LayerBuilder layers: () -> [LayerDeclaration]) {
        self.init(layers(), scale: scale)
    }

    public static let syntax = KindSyntax(
        "residual", "What the list makes of its input, plus `scale` (1) times the input.", .residual,
        "as in `layers`", example: "residual: [a list of layers]", make: { $0 }, get: { $0 })

    func place(in graph: inout GraphBuilder, _ site: GraphBuilder.Site) throws(ModelError) {
        let skip = graph.current
        for (index, nested) in layers.enumerated() {
            try graph.place(nested, path: "\(site.path).\(index)", entry: site.entry)
        }
        let branch = graph.current
        let (before, after) = (graph.signature(skip), graph.signature(branch))
        guard before == after else {
            throw site.error(expected: "the nested layers to keep \(before.text)", got: after.text)
        }
        let sum: any Layer = scale == 1 ? Add() : ScaledAdd(scale: scale)
        var sums: [Int] = []
        for (one, other) in zip(branch, skip) {
            try graph.place(sum, taking: [one, other], site)
            sums += graph.current
        }
        graph.hand(on: sums)
    }
}

extension Residual {
    /// Two are equal whose entries and scales are, wherever they are written.
    public static func == (a: Residual, b: Residual) -> Bool {
        a.scale == b.scale && a.layers.map(\.content) == b.layers.map(\.content)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(scale)
        hasher.combine(layers.map(\.content))
    }
}

extension LayerDeclaration {
    fileprivate var residualDepth: Int {
        guard case .wiring(let wiring) = content else { return 0 }
        return (wiring as? Residual)?.depth ?? 0
    }
}

extension ValueSyntax<Residual> {
    /// What a file of `Limit.depth` can hold, the model standing in the pipeline file.
    private static var deepest: Int { 24 }

    fileprivate static var residual: Self {
        Self(
            "list of layers, or `{scale: NUMBER, layers: […]}`",
            read: { field throws(ManifestError) in
                let residual = try read(field)
                guard residual.depth <= deepest else {
                    throw field.error(
                        "residuals inside one another in \(residual.depth) lists and mappings",
                        expected: "at most \(deepest): a residual takes two of them, one with a scale three")
                }
                return residual
            }, write: write)
    }

    private static func read(_ field: Field) throws(ManifestError) -> Residual {
        guard case .mapping = field.node.content else { return Residual(try LayerList.read(field)) }
        let fields = try Fields(field, keys: ["scale", "layers"], required: ["layers"])
        let layers = try LayerList.read(fields.required("layers"))
        guard let scale = fields["scale"] else { return Residual(layers) }
        return Residual(layers, scale: try ValueSyntax<Double>.factor.read(scale))
    }

    private static func write(_ residual: Residual) -> String {
        let layers = YAML.list(residual.layers.map(\.flowYAML))
        return residual.scale == 1 ? layers : "{scale: \(YAML.number(residual.scale)), layers: \(layers)}"
    }
}
