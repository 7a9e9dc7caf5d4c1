/// Where a model's parameters come from, by the model's names.
package protocol ParameterSource: Sendable {
    /// Writes a parameter's elements as f32. Throws when there is none of that name and count.
    func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError)
}

extension Weights: ParameterSource {}
