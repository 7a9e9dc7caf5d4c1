/// What a stage needs of another besides its place in its rank's order.
///
/// The forward of `to` needs what the forward of `from` made for the same micro-batch. If the edge carries a gradient,
/// `B` (or `I`) of `from` needs `B` (or `I`) of `to`. Two stages may share several edges, and an edge may skip stages.
///
///     let skip = Edge(from: 0, to: 2, kind: .portal, carriesGradient: true)
///     let edges = Edge.chain(stages: 4) + [skip] + Edge.targets(stages: 4)
///     let lowered = try Schedule.gpipe(stages: 4, microBatches: 8).lower(edges: edges)
public struct Edge: Hashable, Sendable {
    /// What an edge carries.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The output of a stage, on its way to the next.
        case boundary
        /// What a layer stashed for a later stage.
        case portal
        /// The loss's targets, on their way from the first stage to the last.
        case targets
    }

    /// The stage that makes the value, less than `to`.
    public var from: Int
    /// The stage that uses the value.
    public var to: Int
    /// What the value is.
    public var kind: Kind
    /// Whether a gradient goes back from `to` to `from` for each micro-batch.
    public var carriesGradient: Bool

    /// `from < to` is not checked here: lowering, validating and simulating a schedule refuse other edges.
    public init(from: Int, to: Int, kind: Kind, carriesGradient: Bool) {
        self.from = from
        self.to = to
        self.kind = kind
        self.carriesGradient = carriesGradient
    }

    /// The plain boundaries s → s + 1, each with a gradient.
    public static func chain(stages: Int) -> [Edge] {
        (1..<max(stages, 1)).map { Edge(from: $0 - 1, to: $0, kind: .boundary, carriesGradient: true) }
    }

    /// The targets' way from the first stage to the last; none where one stage is both.
    public static func targets(stages: Int) -> [Edge] {
        stages > 1 ? [Edge(from: 0, to: stages - 1, kind: .targets, carriesGradient: false)] : []
    }
}

extension Edge: CustomStringConvertible {
    /// `boundary 0→1`
    public var description: String { "\(kind.rawValue) \(from)→\(to)" }
}
