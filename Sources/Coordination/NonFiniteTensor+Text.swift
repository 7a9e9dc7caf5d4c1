package import Models
package import Runs

extension NonFiniteTensor {
    /// `the output of layer 3 (linear) holds NaN in the forward of micro-batch 2`; nil where the model has no such node.
    package func description(in model: ModelGraph) -> String? {
        guard model.nodes.indices.contains(node) else { return nil }
        let node = model.nodes[node]
        guard model.entries.indices.contains(node.entry) else { return nil }
        let entry = model.entries[node.entry]
        let layer = "layer \(entry.name) (\(entry.kind))"
        let parameter = node.parameterNames.indices.contains(index) ? node.parameterNames[index] : "a parameter"
        let value = isNaN ? "NaN" : "infinity"
        return switch role {
        case .weight: "the weight \(parameter) of \(layer) holds \(value)"
        case .input: "the data of micro-batch \(microBatch) hold \(value)"
        case .output: "the output of \(layer) holds \(value) in the forward of micro-batch \(microBatch)"
        case .loss: "the loss of micro-batch \(microBatch) is \(value)"
        case .inputGradient:
            "the gradient of the input of \(layer) holds \(value) in the backward of micro-batch \(microBatch)"
        case .weightGradient:
            "the gradient of \(parameter) of \(layer) holds \(value) in the backward of micro-batch \(microBatch)"
        }
    }
}
