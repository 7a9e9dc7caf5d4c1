package import Checkpoints
import Layers
import Models
import Tensors

/// First values of a stage's parameters, and their way into a file.
extension StageExecutor {
    /// Name, tensor and first values of every parameter, in the model's order.
    var allParameters: [(name: String, tensor: Tensor, node: Int, initial: Distribution)] {
        stage.nodes.flatMap { index in
            let node = model.nodes[index]
            let tensors = memory.masters[index - stage.nodes.lowerBound]
            return zip(node.parameterNames, zip(node.layer.parameters, tensors)).map {
                ($0, $1.1, index, $1.0.initial)
            }
        }
    }

    /// First values from the seed: they depend on the parameter alone, not on who owns it.
    package func initialiseParameters(seed: UInt64) {
        var ordinal: UInt32 = 0
        var node = -1
        for parameter in allParameters {
            ordinal = parameter.node == node ? ordinal + 1 : 0
            node = parameter.node
            let key = RandomKey(
                seed: seed, step: .max, sample: ordinal, layer: StageExecutor.stream(ofNode: parameter.node))
            backend.fill(parameter.tensor, parameter.initial, key: key)
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
