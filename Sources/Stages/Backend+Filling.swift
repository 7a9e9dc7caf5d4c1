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

    /// The same of a part of the parameter: it reads the whole of it.
    func fill(
        _ tensor: Tensor, with name: String, _ slice: TensorSlice?, of weights: some ParameterSource
    ) throws(CheckpointError) {
        guard let slice else { return try fill(tensor, with: name, of: weights) }
        let whole = UnsafeMutableRawBufferPointer.allocate(
            byteCount: TensorSpec(slice.whole).byteCount, alignment: 64)
        defer { whole.deallocate() }
        try weights.copyFloats(name, into: whole.bindMemory(to: Float.self))
        upload(UnsafeRawBufferPointer(whole), slice, to: tensor)
    }

    /// Uploads a whole tensor's elements of a part.
    func upload(_ whole: UnsafeRawBufferPointer, _ slice: TensorSlice, to tensor: Tensor) {
        if let view = hostView(tensor) { return slice.gather(whole, into: view) }
        let part = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 64)
        defer { part.deallocate() }
        slice.gather(whole, into: part)
        upload(UnsafeRawBufferPointer(part), to: tensor)
    }
}
