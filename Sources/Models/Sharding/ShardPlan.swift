import Layers
import Tensors

/// How each node of a model is split over the devices that share a stage, found in the whole model's graph.
///
/// Attention and MLPs are split inside, tables of tokens by rows. Of two products with nothing but layers between them that
/// compute each channel by itself, the first is split by outputs and the second by inputs; so is the head by its outputs,
/// where the loss takes them so. Whatever is left, every shard computes as a whole.
struct ShardPlan {
    /// By node; nil: it is whole.
    private(set) var splits: [LayerSplit?]
    /// Which channels of the prediction there are, where they are split; nil: each shard has all.
    private(set) var predictionChannels: Int?
    private let model: ModelGraph

    init(_ model: ModelGraph) {
        self.model = model
        splits = model.nodes.map { node in
            [LayerSplit.inside, .vocabulary].first { node.layer.takes($0) }
        }
        splitHead()
        for node in model.nodes.indices where splits[node] == nil { splitPair(from: node) }
        keepTiesAlike()
    }

    /// The product whose outputs are the prediction.
    private mutating func splitHead() {
        guard model.loss.takesChannels, let head = model.nodes.lastIndex(where: { $0.layer.takes(.outputs) }),
            let between = channelwise(behind: head), between.end == nil
        else { return }
        split(head, .outputs, between.nodes)
        predictionChannels = channels(of: head)
    }

    private mutating func splitPair(from node: Int) {
        guard model.nodes[node].layer.takes(.outputs), let between = channelwise(behind: node),
            let end = between.end, splits[end] == nil, model.nodes[end].layer.takes(.inputs)
        else { return }
        split(node, .outputs, between.nodes)
        splits[end] = .inputs
    }

    private mutating func split(_ node: Int, _ split: LayerSplit, _ between: [Int]) {
        splits[node] = split
        for inner in between { splits[inner] = .channels(of: channels(of: node)) }
    }

    private func channels(of node: Int) -> Int { model.values[model.nodes[node].outputs[0]].spec.shape.width }

    /// The nodes behind `node` that compute each channel by itself, and the first that does not: nil where the prediction
    /// comes before it. No value between them is used by anything else, nor seen in another shape.
    private func channelwise(behind node: Int) -> (nodes: [Int], end: Int?)? {
        guard model.nodes[node].outputs.count == 1 else { return nil }
        var (value, between) = (model.nodes[node].outputs[0], [Int]())
        while true {
            let consumers = model.values[value].consumers
            if value == model.prediction { return consumers.isEmpty ? (between, nil) : nil }
            guard consumers.count == 1, model.values[model.prediction].root != value else { return nil }
            let next = model.nodes[consumers[0]]
            guard next.inputs == [value] else { return nil }
            guard next.layer.takes(.channels(of: channels(of: node))), next.outputs.count == 1 else {
                return (between, consumers[0])
            }
            between.append(consumers[0])
            value = next.outputs[0]
        }
    }

    /// A table of tokens is tied with a head that is split, or it stays whole.
    private mutating func keepTiesAlike() {
        for tie in model.ties {
            let isSplit = tie.members.allSatisfy { member in
                splits[member.node] == .vocabulary || splits[member.node] == .outputs
            }
            guard !isSplit else { continue }
            for member in tie.members where splits[member.node] == .vocabulary { splits[member.node] = nil }
        }
    }
}
