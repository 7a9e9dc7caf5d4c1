public import Notation
public import Tensors

/// An update rule: how a parameter moves along its gradient.
///
/// A rule is a value that holds settings, never tensors. What it must remember from step to step lives in the state
/// tensors that `state` names: the caller allocates one f32 tensor of the parameter's shape for each, zeroed, before
/// the first step, and saves and loads them under these names.
///
/// A rule is one file: `syntax` says how manifests write it, which settings it has, their limits and defaults. A
/// program's own rule needs `OptimizerKinds.register` besides, at the start of `main`.
public protocol Optimizer: ManifestKind {
    /// The base rate, before any schedule.
    var learningRate: Double { get }
    /// What it remembers of each parameter.
    var state: OptimizerState { get }
    /// Moves `parameter` by one step and brings `state` (in the order of `OptimizerState.names`) up to date.
    ///
    /// `t` counts updates from 1. Every gradient is first multiplied by `gradientScale`: the factor of clipping, divided
    /// by the loss scale where there is one. All tensors are f32 of one shape.
    func update(
        _ parameter: Tensor, gradient: Tensor, state: [Tensor], t: Int, learningRate: Double, gradientScale: Float,
        on backend: any Backend)
    /// The same rule with another weight decay; nil where it has none.
    func decaying(by weightDecay: Double) -> Self?
}

extension Optimizer {
    /// The manifest's name of this rule.
    public var kind: String { Self.syntax.name }
    public func decaying(by weightDecay: Double) -> Self? { nil }

    /// Throws when a setting is out of its limits.
    public func requireLimits() throws(OptimizerError) {
        if let complaint { throw OptimizerError(kind, complaint) }
    }
}

/// What an update rule remembers of each parameter.
public struct OptimizerState: Hashable, Sendable {
    /// PyTorch's names; a checkpoint stores `<parameter>.<name>`.
    public var names: [String]

    /// The state tensors' names, in the order in which `Optimizer.update` takes them.
    public init(_ names: [String]) { self.names = names }

    /// f32 tensors per parameter.
    public var count: Int { names.count }
    /// Bytes that the state of `parameters` parameter elements takes.
    public func byteCount(parameters: Int) -> Int { count * parameters * DType.f32.size }
}
