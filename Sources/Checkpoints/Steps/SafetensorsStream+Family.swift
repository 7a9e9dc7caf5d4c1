package import Systems

extension SafetensorsStream {
    /// The bytes of one tensor of a family's files, which follow: f32, put together from rows of the model's parameters.
    /// - Parameters:
    ///   - parameters: those that the tensor's pieces name by their place.
    ///   - copy: fills a buffer with rows of a parameter.
    package func append(
        _ tensor: FamilyTensor, of parameters: [StoredParameter],
        _ copy: (StoredParameter, Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(SystemError) {
        var failure: SystemError?
        let filler = TensorFiller(tensor: tensor, parameters: parameters, type: .f32, path: path)
        do throws(CheckpointError) {
            try filler.fill(copy) { (bytes: UnsafeRawBufferPointer) throws(CheckpointError) in
                do throws(SystemError) { try append(bytes) } catch {
                    failure = error
                    throw CheckpointError(error)
                }
            }
        } catch {
            // f32 holds every value of f32, so that nothing but writing fails.
            throw failure ?? SystemError("write", path, errno: 0)
        }
    }
}
