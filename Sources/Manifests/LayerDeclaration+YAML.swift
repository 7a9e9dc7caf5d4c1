import Notation

extension LayerDeclaration.Kind {
    /// On one line, every default written out.
    var yaml: String {
        switch self {
        case .embedding(let vocab, let width, let positions):
            let positions = positions.map { ", positions: \($0)" } ?? ""
            return "embedding: {vocab: \(vocab), width: \(width)\(positions)}"
        case .linear(let inputs, let outputs, let bias):
            return "linear: {in: \(inputs), out: \(outputs), bias: \(bias)}"
        case .layerNorm(let width, let epsilon, let bias):
            return "layer-norm: {width: \(width), epsilon: \(YAML.number(epsilon)), bias: \(bias)}"
        case .rmsNorm(let width, let epsilon):
            return "rms-norm: {width: \(width), epsilon: \(YAML.number(epsilon))}"
        case .activation(let name): return name.yaml
        case .dropout(let probability): return "dropout: \(YAML.number(probability))"
        case .attention(let width, let heads, let causal, let bias):
            return "attention: {width: \(width), heads: \(heads), causal: \(causal), bias: \(bias)}"
        case .transformer(let block): return "transformer: {\(block.yaml)}"
        case .residual(let layers): return "residual: \(YAML.list(layers.map { $0.kind.flowYAML }))"
        case .split(.parts(let parts)): return "split: \(parts)"
        case .split(.widths(let widths)): return "split: \(YAML.list(widths.map(String.init)))"
        case .add: return "add"
        case .concatenate: return "concatenate"
        case .select(let index): return "select: \(index)"
        case .stash(let name): return "stash: \(YAML.quoted(name))"
        case .pop(let name): return "pop: \(YAML.quoted(name))"
        case .flatten: return "flatten"
        case .reshape(let extents): return "reshape: \(YAML.list(extents.map(String.init)))"
        }
    }

    /// As an entry of a list in brackets.
    private var flowYAML: String {
        let yaml = yaml
        return yaml.contains(":") ? "{\(yaml)}" : yaml
    }
}

extension LayerDeclaration.ActivationName {
    fileprivate var yaml: String {
        switch self {
        case .geluTanh: "gelu: tanh"
        case .geluErf: "gelu: erf"
        case .relu, .silu, .tanh, .sigmoid: rawValue
        }
    }
}

extension LayerDeclaration.TransformerDeclaration {
    fileprivate var yaml: String {
        "width: \(width), heads: \(heads), hidden: \(hidden), activation: \(activation.rawValue), causal: \(causal), "
            + "bias: \(bias), norm: \(norm.rawValue), epsilon: \(YAML.number(epsilon)), dropout: \(YAML.number(dropout))"
    }
}
