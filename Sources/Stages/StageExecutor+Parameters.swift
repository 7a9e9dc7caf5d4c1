package import Checkpoints
import Layers
import Models
import Tensors

/// First values of a stage's parameters, and their way into a file.
extension StageExecutor {
    /// Name and tensor of every parameter, in the model's order.
    var allParameters: [(name: String, tensor: Tensor, node: Int)] {
        stage.nodes.flatMap { index in
            let tensors = memory.masters[index - stage.nodes.lowerBound]
            return zip(model.nodes[index].parameterNames, tensors).map { ($0, $1, index) }
        }
    }

    /// First values from the seed: they depend on the parameter alone, not on who owns it. Those that are tied have the
    /// values of the first of them.
    package func initialiseParameters(seed: UInt64) {
        for (local, masters) in memory.masters.enumerated() {
            for (index, master) in masters.enumerated() {
                let own = Tie.Member(node: stage.nodes.lowerBound + local, parameter: index)
                let origin = model.origin(of: own)
                let key = RandomKey(
                    seed: seed, step: .max, sample: UInt32(truncatingIfNeeded: origin.parameter),
                    layer: StageExecutor.stream(ofNode: origin.node))
                backend.fill(master, model.nodes[origin.node].layer.parameters[origin.parameter].initial, key: key)
            }
        }
        memory.castParameters(on: backend)
    }

    /// First values from a file that was checked to hold them.
    package func loadParameters(_ weights: Weights) throws(CheckpointError) {
        for parameter in allParameters {
            let view = backend.hostView(parameter.tensor)
            let bytes = view ?? .allocate(byteCount: parameter.tensor.byteCount, alignment: 64)
            defer { if view == nil { bytes.deallocate() } }
            try weights.copyFloats(parameter.name, into: bytes.bindMemory(to: Float.self))
            if view == nil { backend.upload(UnsafeRawBufferPointer(bytes), to: parameter.tensor) }
        }
        memory.castParameters(on: backend)
    }

    /// Hands every parameter's name and bytes to `write`.
    package func saveParameters(_ write: (String, UnsafeRawBufferPointer) throws(CheckpointError) -> Void)
        throws(CheckpointError)
    {
        for parameter in allParameters {
            try backend.withBytes(of: parameter.tensor) { bytes throws(CheckpointError) in
                try write(parameter.name, bytes)
            }
        }
    }
}
