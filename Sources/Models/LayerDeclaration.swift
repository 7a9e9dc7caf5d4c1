public import Layers
public import Notation

/// One entry of a model manifest's `layers`, validated, with `repeat` blocks already written out.
public struct LayerDeclaration: Hashable, Sendable {
    /// What stands in the list.
    enum Content: Sendable {
        case layer(any Layer)
        case wiring(any Wiring)
    }

    let content: Content
    /// Where it is written.
    public var mark: Mark

    init(_ content: Content, at mark: Mark) {
        self.content = content
        self.mark = mark
    }

    /// An entry that Swift made: `mark` is what errors say of its place.
    public init(_ layer: some Layer, at mark: Mark) { self.init(.layer(layer), at: mark) }

    /// The layer itself; nil for what only says which value goes where (`residual`, `select`, `stash`, `pop`).
    public var layer: (any Layer)? {
        guard case .layer(let layer) = content else { return nil }
        return layer
    }

    /// What reports, plans and `partition: type:REGEX` call it.
    public var kind: String {
        switch content {
        case .layer(let layer): layer.kind
        case .wiring(let wiring): wiring.kind
        }
    }

    /// On one line, every default written out.
    public var yaml: String {
        switch content {
        case .layer(let layer): layer.yaml
        case .wiring(let wiring): wiring.yaml
        }
    }

    /// As an entry of a list in brackets.
    var flowYAML: String {
        let yaml = yaml
        return yaml.contains(":") ? "{\(yaml)}" : yaml
    }
}

extension LayerDeclaration.Content: Hashable {
    private var kind: any ManifestKind {
        switch self {
        case .layer(let layer): layer
        case .wiring(let wiring): wiring
        }
    }

    static func == (a: Self, b: Self) -> Bool { a.kind.isEqual(to: b.kind) }
    func hash(into hasher: inout Hasher) { kind.hash(into: &hasher) }
}
