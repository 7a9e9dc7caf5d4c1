import Layers
import Manifests
import Models
import Scheduling
import Tensors

extension PipelineManifest {
    /// Bytes of the copy from which a checkpoint of these nodes is written while training goes on; 0 where none is.
    ///
    /// Weights and optimizer state, both f32, once for each tie; beside adapters, of what is trained alone.
    func snapshotBytes(_ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int) -> Int {
        guard checkpoint?.every != nil, devices.allSatisfy({ $0.kind != .sim }) else { return 0 }
        return copyBytes(model, nodes: range, optimizer)
    }

    /// Bytes of a copy of the state of these nodes.
    func copyBytes(_ model: ModelGraph, nodes range: Range<Int>, _ optimizer: Int) -> Int {
        var numbers = 0
        var seen: Set<Tie.Member> = []
        for node in range {
            for (index, spec) in model.nodes[node].layer.parameters.enumerated() {
                let isTrained = model.nodes[node].trained[index]
                guard isTrained || lora == nil else { continue }
                guard seen.insert(model.origin(of: Tie.Member(node: node, parameter: index))).inserted else { continue }
                numbers = numbers.saturatingPlus(spec.shape.count.saturatingTimes(1 + (isTrained ? optimizer : 0)))
            }
        }
        return numbers.saturatingTimes(DType.f32.size)
    }
}
