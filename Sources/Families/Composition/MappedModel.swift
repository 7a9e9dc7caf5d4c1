internal import Checkpoints
internal import Layers
internal import Models
internal import Notation

/// A model, and where its parameters lie in a family's files.
struct MappedModel {
    var sequential: Sequential
    var tensors: TensorMap

    /// - Parameter copies: further names under which an export writes a tensor.
    init(
        _ layers: MappedLayers, ties: [[String]], prefixes: [String], ignored: [String] = [".inv_freq"],
        copies: [String: String] = [:], at mark: Mark
    ) {
        sequential = Sequential(layers: layers.layers, loss: CrossEntropy(), ties: ties, at: mark)
        tensors = TensorMap(layers.parameters, ignored: ignored, prefixes: prefixes, copies: copies)
    }
}
