import Checkpoints
import Tensors

extension Backend {
    /// Reads a parameter's values from where they are kept into its tensor: in place where the host sees that memory.
    /// - Parameters:
    ///   - tensor: f32, of the parameter's shape.
    ///   - name: the model's.
    func fill(_ tensor: Tensor, with name: String, of weights: some ParameterSource) throws(CheckpointError) {
        let view = hostView(tensor)
        let bytes = view ?? .allocate(byteCount: tensor.byteCount, alignment: 64)
        defer { if view == nil { bytes.deallocate() } }
        try weights.copyFloats(name, into: bytes.bindMemory(to: Float.self))
        if view == nil { upload(UnsafeRawBufferPointer(bytes), to: tensor) }
    }
}
