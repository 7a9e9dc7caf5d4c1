/// Where a model's parameters come from, by the model's names.
package protocol ParameterSource: Sendable {
    /// Writes a parameter's elements as f32. Throws when there is none of that name and count, or some are not finite.
    func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError)
}

extension Weights: ParameterSource {}

extension MappedWeights: ParameterSource {
    package func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        guard let parameter = self[name] else {
            throw .malformed(
                path: weights.path, place: "its tensors", expected: "what parameter \(quoted(name)) is made of",
                got: "nothing")
        }
        try copy(parameter, into: out)
    }
}
