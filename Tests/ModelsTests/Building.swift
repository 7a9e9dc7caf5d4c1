import Models
import Tensors

/// A model from one line of YAML, on token ids [2 × 4] or rows f32[3 × 4].
func tokens(_ layers: String) throws -> ModelGraph {
    try build(layers, loss: "cross-entropy", TensorSpec([2, 4], .i32))
}

func rows(_ layers: String, _ input: TensorSpec = TensorSpec([3, 4])) throws -> ModelGraph {
    try build(layers, loss: "mean-squared-error", input)
}

func build(_ layers: String, loss: String, _ input: TensorSpec) throws -> ModelGraph {
    try ModelGraph(Sequential.decode(yaml: "layers: [\(layers)]\nloss: \(loss)", file: "m.yaml"), input: input)
}

/// What a user would read where this throws; empty where it does not.
func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}
