import Layers
public import Tensors

/// What the shards of a stage sum in each pass of a micro-batch: in the order of the calls, so that a call's number within its
/// pass is its place here. A head of some rows alone sums fewer of them than stand here.
public struct ShardSums: Sendable, Hashable {
    /// Of `F`; on the last stage the loss's is the last.
    public internal(set) var forward: Signature = []
    /// Of `B`, or of `I`. Where activations are recomputed, their forward's are among them.
    public internal(set) var backward: Signature = []
    /// Of `W`: nothing, unless it recomputes what it reads.
    public internal(set) var weight: Signature = []

    init() {}

    /// The most bytes that one of them has; 0 without any.
    public var greatestBytes: Int { (forward + backward + weight).map(\.byteCount).max() ?? 0 }
    /// Bytes of all of them in a micro-batch's passes.
    public var bytes: Int { (forward + backward + weight).reduce(0) { $0 + $1.byteCount } }
}

extension ShardSums {
    init(of program: StageProgram, _ model: ModelGraph, _ stage: PipelineLayout.Stage, splitsBackward: Bool) {
        guard model.shard != nil else { return }
        let nodes = Array(model.nodes[stage.nodes])
        forward = nodes.flatMap(\.plan.forwardSums) + (program.loss?.parts.map { [$0.spec] } ?? [])
        for step in program.backward {
            switch step {
            case .recompute(let local): backward += nodes[local].plan.forwardSums
            case .node(let local):
                backward += nodes[local].plan.backwardSums
                if nodes[local].plan.sumsInputGradient, let place = program.nodes[local].inputGradients[0] {
                    backward.append(place.spec)
                }
            case .add, .zero: break
            }
        }
        guard splitsBackward, nodes.contains(where: \.hasWeightHalf) else { return }
        for case .recompute(let local) in program.backward { weight += nodes[local].plan.forwardSums }
    }
}
