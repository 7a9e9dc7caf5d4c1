import Layers
import Manifests
import Models
import Scheduling
import Tensors

extension PipelineManifest {
    /// Bytes of all that a worker keeps of these nodes between two steps: weights, gradients, optimizer state, 16-bit copies, the
    /// copy that checkpoints are written from, and what replicas add to that or save of it.
    func stateBytes(_ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int) -> Int {
        model.stateBytes(nodes: range, optimizer).saturatingPlus(snapshotBytes(model, nodes: range, optimizer))
            .saturatingPlus(laneBytes(model, nodes: range)).saturatingPlus(undoBytes(model, nodes: range, optimizer))
            - sharedBytes(model, nodes: range, optimizer)
    }

    /// Of what is trained and its optimizer state, as they were before an update that may be taken back.
    private func undoBytes(_ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int) -> Int {
        speculate ? copyBytes(model, nodes: range, optimizer, trainedOnly: true) : 0
    }

    /// Of the sums of lanes that wait for others: a copy of the gradients for each doubling of a replica's lanes.
    private func laneBytes(_ model: ModelGraph, nodes range: Range<Int>) -> Int {
        let doublings = ((lanes ?? replicas) / replicas).trailingZeroBitCount
        var numbers = 0
        for node in model.nodes[range] {
            for (spec, isWritten) in zip(node.layer.parameters, node.hasGradient) where isWritten {
                numbers = numbers.saturatingPlus(spec.shape.count)
            }
        }
        return numbers.saturatingTimes(DType.f32.size * doublings)
    }

    /// Of the optimizer state, and of masters beside 16-bit copies, that other replicas keep.
    private func sharedBytes(_ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int) -> Int {
        guard zero == .optimizerState, replicas > 1 else { return 0 }
        let isShort = precision != .f32
        var numbers = 0
        var seen: Set<Tie.Member> = []
        for node in range {
            for (index, spec) in model.nodes[node].layer.parameters.enumerated() where model.nodes[node].trained[index]
            {
                guard seen.insert(model.origin(of: Tie.Member(node: node, parameter: index))).inserted else { continue }
                let tensors = optimizer + (isShort && spec.isMatrix ? 1 : 0)
                numbers = numbers.saturatingPlus(spec.shape.count.saturatingTimes(tensors))
            }
        }
        return numbers / replicas * (replicas - 1) * DType.f32.size
    }

    /// Bytes of the copy from which a checkpoint of these nodes is written while training goes on; 0 where none is.
    ///
    /// Weights and optimizer state, both f32, once for each tie; beside adapters, of what is trained alone.
    func snapshotBytes(_ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int) -> Int {
        guard checkpoint?.every != nil, devices.allSatisfy({ $0.kind != .sim }) else { return 0 }
        // The first replica's has all masters, and its own part of the rest.
        let moments =
            zero == .optimizerState ? copyBytes(model, nodes: range, optimizer) - copyBytes(model, nodes: range, 0) : 0
        return copyBytes(model, nodes: range, optimizer) - moments / replicas * (replicas - 1)
    }

    /// Bytes of a copy of the state of these nodes.
    func copyBytes(
        _ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int, trainedOnly: Bool = false
    ) -> Int {
        var numbers = 0
        var seen: Set<Tie.Member> = []
        for node in range {
            for (index, spec) in model.nodes[node].layer.parameters.enumerated() {
                let isTrained = model.nodes[node].trained[index]
                guard isTrained || (lora == nil && !trainedOnly) else { continue }
                guard seen.insert(model.origin(of: Tie.Member(node: node, parameter: index))).inserted else { continue }
                numbers = numbers.saturatingPlus(spec.shape.count.saturatingTimes(1 + (isTrained ? optimizer : 0)))
            }
        }
        return numbers.saturatingTimes(DType.f32.size)
    }
}
