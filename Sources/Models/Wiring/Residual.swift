import Layers
public import Notation

/// A nested list's output plus its input.
///
///     Residual {
///         LayerNorm(width: 64)
///         Linear(inputs: 64, outputs: 64)
///     }
public struct Residual: Wiring {
    let layers: [LayerDeclaration]
    /// How many residuals stand inside one another here, this one counted.
    let depth: Int

    init(_ layers: [LayerDeclaration]) {
        self.layers = layers
        depth = 1 + (layers.map(\.residualDepth).max() ?? 0)
    }

    /// A list that Swift describes.
    public init(@LayerBuilder layers: () -> [LayerDeclaration]) { self.init(layers()) }

    public static let syntax = KindSyntax(
        "residual", "What the list makes of its input, plus the input.", .layers, "as in `layers`",
        example: "residual: [a list of layers]", make: { Residual($0) }, get: \.layers)

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
        var sums: [Int] = []
        for (one, other) in zip(branch, skip) {
            try graph.place(Add(), taking: [one, other], site)
            sums += graph.current
        }
        graph.hand(on: sums)
    }
}

extension Residual {
    /// Two are equal whose entries are, wherever they are written.
    public static func == (a: Residual, b: Residual) -> Bool { a.layers.map(\.content) == b.layers.map(\.content) }
    public func hash(into hasher: inout Hasher) { hasher.combine(layers.map(\.content)) }
}

extension LayerDeclaration {
    fileprivate var residualDepth: Int {
        guard case .wiring(let wiring) = content else { return 0 }
        return (wiring as? Residual)?.depth ?? 0
    }
}

extension ValueSyntax<[LayerDeclaration]> {
    /// `residual` inside `residual`: what a file of `Limit.depth` can hold, the model standing in the pipeline file.
    private static var deepest: Int { 12 }

    fileprivate static var layers: Self {
        Self(
            "list of layers",
            read: { field throws(ManifestError) in
                let layers = try LayerList.read(field)
                let depth = 1 + (layers.map(\.residualDepth).max() ?? 0)
                guard depth <= deepest else {
                    throw field.error("\(depth) residuals inside one another", expected: "at most \(deepest)")
                }
                return layers
            }, write: { YAML.list($0.map(\.flowYAML)) })
    }
}
