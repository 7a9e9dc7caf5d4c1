import Models
import Tensors

/// Small models whose values cross stage borders in every way there is.
enum TestModels {
    static let all = tokens.map(\.name) + rows.map(\.name)

    /// On token ids [2 × 4], or [2 × 24]: the longer ones' targets do not all count.
    private static let tokens: [(name: String, layers: String)] = [
        ("plain", "{embedding: {vocab: 7, width: 4}}, {linear: {in: 4, out: 6}}, gelu, {linear: {in: 6, out: 7}}"),
        (
            "transformer with dropout",
            """
            {embedding: {vocab: 7, width: 8, positions: 4}}, {transformer: {width: 8, heads: 2, dropout: 0.2}},
            {transformer: {width: 8, heads: 4, norm: rms-norm, activation: silu}}, {layer-norm: {width: 8}},
            {linear: {in: 8, out: 7, bias: false}}
            """
        ),
        (
            "attention inside nested residuals",
            """
            {embedding: {vocab: 7, width: 4}}, {residual: [{rms-norm: {width: 4}}, {attention: {width: 4, heads: 2}},
            {residual: [{linear: {in: 4, out: 4}}, {dropout: 0.3}]}]}, sigmoid, {linear: {in: 4, out: 7}}
            """
        ),
        (
            "ids read by two embeddings in different stages",
            """
            {stash: ids}, {embedding: {vocab: 7, width: 4}}, {linear: {in: 4, out: 4}}, {stash: x}, {pop: ids},
            {select: 1}, {embedding: {vocab: 7, width: 4}}, {pop: x}, add, {linear: {in: 4, out: 7}}
            """
        ),
        (longNames[0], "\(trunk), {linear: {in: 8, out: 7}}"),
        // Where another layer reads the prediction all of its rows are computed.
        (
            longNames[1],
            "\(trunk), {linear: {in: 8, out: 7}}, {stash: p}, tanh, {pop: p}, {select: 1}"
        ),
    ]

    /// The same model, whose head computes some rows alone or all.
    static let longNames = ["a head of counted rows", "a head of all rows"]
    private static let trunk =
        "{embedding: {vocab: 7, width: 8, positions: 24}}, {transformer: {width: 8, heads: 2}}, {rms-norm: {width: 8}}"

    /// On rows f32[3 × 4].
    private static let rows: [(name: String, layers: String)] = [
        (
            "tuple, split and concatenated",
            """
            {linear: {in: 4, out: 6}}, {split: [2, 4]}, concatenate, tanh, {split: 3}, add, {linear: {in: 2, out: 2}}
            """
        ),
        (
            "portal over every number of cuts",
            """
            {linear: {in: 4, out: 4}}, {stash: a}, relu, {linear: {in: 4, out: 4}}, {dropout: 0.4}, {pop: a}, add,
            {linear: {in: 4, out: 2}}
            """
        ),
        (
            "one value with five consumers",
            """
            {linear: {in: 4, out: 4}}, {stash: a}, {stash: b}, {stash: c}, {residual: [sigmoid]}, {pop: a}, add, tanh,
            {pop: b}, concatenate, {linear: {in: 8, out: 4}}, {pop: c}, add
            """
        ),
        (
            "a tuple of one value twice, and once more",
            """
            {linear: {in: 4, out: 4}}, {stash: a}, {residual: [{dropout: 0}]}, {linear: {in: 4, out: 4}}, tanh,
            {pop: a}, add
            """
        ),
        (
            "one value twice in one layer, before its last use",
            """
            {linear: {in: 4, out: 4}}, {stash: a}, {stash: b}, {pop: a}, concatenate, {linear: {in: 8, out: 4}}, tanh,
            {pop: b}, add
            """
        ),
        (
            "one stash popped by many, among them one layer twice",
            """
            {linear: {in: 4, out: 4}}, {stash: a}, relu, {pop: a}, add, {linear: {in: 4, out: 4}},
            {residual: [{pop: a}, add, tanh]}, {pop: a}, {pop: a}, add
            """
        ),
        (
            "scaled residuals",
            """
            {linear: {in: 4, out: 4}}, {residual: {scale: 2.5, layers: [{linear: {in: 4, out: 4}}, tanh]}},
            {rms-norm: {width: 4, unit_offset: true}}, {residual: {scale: 0.4, layers: [sigmoid]}}, {softcap: {cap: 2}}
            """
        ),
        (
            "a tuple of which one part is dropped",
            "{linear: {in: 4, out: 6}}, {split: 2}, {select: 1}, silu, {linear: {in: 3, out: 2}}"
        ),
        (
            "nothing to train before the middle",
            "relu, {stash: x}, tanh, {linear: {in: 4, out: 4}}, {pop: x}, add, {layer-norm: {width: 4}}, sigmoid"
        ),
        (
            "views at every border",
            """
            {linear: {in: 4, out: 6}}, {reshape: [3, 2]}, {stash: v}, {linear: {in: 2, out: 2}}, flatten,
            {reshape: [3, 2]}, {pop: v}, add, flatten
            """
        ),
        (
            "a prediction that a layer reads too",
            """
            {linear: {in: 4, out: 2}}, {stash: p}, {linear: {in: 2, out: 2}}, tanh, {pop: p}, {select: 1}
            """
        ),
    ]

    static func build(_ name: String, _ adaptation: Adaptation = .none) throws -> ModelGraph {
        if let found = tokens.first(where: { $0.name == name }) {
            let input = TensorSpec([2, longNames.contains(name) ? 24 : 4], .i32)
            return try build("[\(found.layers)]", loss: "cross-entropy", input: input, adaptation)
        }
        let layers = rows.first { $0.name == name }?.layers ?? ""
        return try build("[\(layers)]", loss: "mean-squared-error", input: TensorSpec([3, 4]), adaptation)
    }

    static func build(
        _ layers: String, loss: String, input: TensorSpec, _ adaptation: Adaptation = .none, ties: String? = nil,
        dtype: DType = .f32, shard: TensorShard? = nil
    ) throws -> ModelGraph {
        try ModelGraph(
            Sequential.decode(
                yaml: "layers: \(layers)\nloss: \(loss)" + (ties.map { "\nties: \($0)" } ?? ""), file: "m.yaml"),
            input: input, dtype: dtype, adaptation: adaptation, shard: shard)
    }
}
