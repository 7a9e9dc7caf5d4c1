import Layers
import Models
import Tensors
import Testing

/// What is known of a model before anything runs.
@Suite struct SequentialTests {
    @Test func `every kind of layer has its shape`() throws {
        let model = try tokens(
            """
            {stash: ids}, {embedding: {vocab: 9, width: 6, positions: 4}}, {transformer: {width: 6, heads: 2}},
            {attention: {width: 6, heads: 3}}, {layer-norm: {width: 6}}, {rms-norm: {width: 6}}, gelu, {gelu: tanh}, relu,
            silu, tanh, sigmoid, {softcap: {cap: 30}}, {dropout: 0.5}, {residual: [{linear: {in: 6, out: 6}}]},
            {residual: {scale: 2, layers: [relu]}}, {split: [2, 4]}, concatenate,
            {split: 2}, add, {pop: ids}, {select: 0}, {reshape: [12]}, {reshape: [4, 3]}, flatten, {reshape: [4, 3]},
            {linear: {in: 3, out: 9}}
            """)
        let wide = "f32[2 × 4 × 6]"
        #expect(
            model.entries.map { "\($0.kind) \($0.outputs.map(\.description).joined(separator: ", "))" } == [
                "stash i32[2 × 4]", "embedding \(wide)", "transformer \(wide)", "transformer \(wide)",
                "attention \(wide)",
                "layer-norm \(wide)", "rms-norm \(wide)", "gelu-erf \(wide)", "gelu-tanh \(wide)", "relu \(wide)",
                "silu \(wide)", "tanh \(wide)", "sigmoid \(wide)", "softcap \(wide)", "dropout \(wide)",
                "residual \(wide)", "residual \(wide)",
                "split f32[2 × 4 × 2], f32[2 × 4 × 4]", "concatenate \(wide)",
                "split f32[2 × 4 × 3], f32[2 × 4 × 3]", "add f32[2 × 4 × 3]", "pop f32[2 × 4 × 3], i32[2 × 4]",
                "select f32[2 × 4 × 3]", "reshape f32[2 × 12]", "reshape f32[2 × 4 × 3]", "flatten f32[2 × 12]",
                "reshape f32[2 × 4 × 3]", "linear f32[2 × 4 × 9]",
            ])
        #expect(model.targets == TensorSpec([2, 4], .i32))
    }

    @Test func `parameters are named as in PyTorch's state dict, nested ones by both indices`() throws {
        let model = try tokens(
            """
            {embedding: {vocab: 9, width: 6, positions: 4}}, {transformer: {width: 6, heads: 2}}, {layer-norm: {width: 6}},
            {residual: [{linear: {in: 6, out: 6, bias: false}}, relu, {residual: [{rms-norm: {width: 6}}]}]},
            {linear: {in: 6, out: 9}}
            """)
        #expect(
            model.parameters.map { "\($0.name) \($0.shape)" } == [
                "0.token.weight [9 × 6]", "0.position.weight [4 × 6]", "1.norm1.weight [6]", "1.norm1.bias [6]",
                "1.attention.qkv.weight [18 × 6]", "1.attention.qkv.bias [18]", "1.attention.out.weight [6 × 6]",
                "1.attention.out.bias [6]", "1.norm2.weight [6]", "1.norm2.bias [6]", "1.mlp.up.weight [24 × 6]",
                "1.mlp.up.bias [24]", "1.mlp.down.weight [6 × 24]", "1.mlp.down.bias [6]", "2.weight [6]", "2.bias [6]",
                "3.0.weight [6 × 6]", "3.2.0.weight [6]", "4.weight [9 × 6]", "4.bias [9]",
            ])
        #expect(model.parameterCount == model.parameters.reduce(0) { $0 + $1.shape.count })
        #expect(model.entries.map(\.parameterCount) == [78, 180, 330, 12, 42, 63])
        #expect(model.entries.map(\.name) == ["0", "1.attention", "1.mlp", "2", "3", "4"])
    }

    /// So that what a seed draws does not depend on whether a layer may be cut inside.
    @Test func `parts of a layer draw what the whole would draw`() throws {
        let list =
            "{embedding: {vocab: 9, width: 6}}, {transformer: {width: 6, heads: 2}}, relu, "
            + "{transformer: {width: 6, heads: 2}}, {linear: {in: 6, out: 9}}"
        let names = ["attention.qkv", "mlp.up"]
        let adapters = names.enumerated().map { Adapter($1, product: 2 * $0, rows: 0..<18, rank: 2, scale: 1) }
        let model = try ModelGraph(
            Sequential.decode(yaml: "layers: [\(list)]\nloss: cross-entropy", file: "m.yaml"),
            input: TensorSpec([2, 4], .i32), adaptation: Adaptation(adapters: ["3": adapters]))
        #expect(model.nodes.map(\.stream) == [0, 1, 1, 2, 3, 3, 4])
        #expect(model.nodes[1].parameterPlaces == Array(0..<6) && model.nodes[2].parameterPlaces == Array(6..<12))
        // An adapter's two stand behind all others.
        #expect(model.nodes[4].parameterPlaces == Array(0..<6) + [12, 13])
        #expect(model.nodes[5].parameterPlaces == Array(6..<12) + [14, 15])
    }

    @Test func `an entry costs what its nodes cost, the model also its loss`() throws {
        let model = try rows("{residual: [{linear: {in: 4, out: 4}}]}, {linear: {in: 4, out: 2, bias: false}}")
        // 2 · 3 · 4 · 4 and the sum's 12; 2 · 3 · 4 · 2.
        #expect(model.entries[0].nodes == 0..<2 && model.entries[1].nodes == 2..<3)
        #expect(model.entries[0].cost.forward == 96 + 12)
        #expect(model.entries[1].cost.forward == 48 && model.entries[1].cost.total == 144)
        let entries = model.entries.reduce(0) { $0 + $1.cost.total }
        #expect(model.flopsPerMicroBatch == entries + model.loss.cost(for: [TensorSpec([3, 2])]))
    }

    @Test func `views and re-labelling cost no node`() throws {
        let model = try rows(
            """
            {stash: a}, {reshape: [2, 2]}, flatten, {dropout: 0}, {linear: {in: 4, out: 2}}, {pop: a}, {select: 0},
            {reshape: [1, 2]}
            """)
        #expect(model.entries.map(\.nodes.count) == [0, 0, 0, 0, 1, 0, 0, 0])
        #expect(model.nodes[0].inputs.map { model.values[$0].root } == [model.input])
        #expect(model.values[model.prediction].root == model.nodes[0].outputs[0])
        #expect(model.values[model.prediction].spec.description == "f32[3 × 1 × 2]")
    }

    @Test func `gradients go only where something can be trained`() throws {
        let model = try rows("relu, {stash: a}, {linear: {in: 4, out: 4}}, {pop: a}, add")
        #expect(model.nodes.map { model.values[$0.outputs[0]].needsGradient } == [false, true, true])
        #expect(!model.values[model.input].needsGradient)
    }

    @Test func `a token that the smaller embedding or the loss does not know is outside the vocabulary`() throws {
        #expect(try tokens("{embedding: {vocab: 9, width: 4}}, {linear: {in: 4, out: 12}}").vocabulary == 9)
        #expect(try tokens("{embedding: {vocab: 9, width: 4}}, {linear: {in: 4, out: 5}}").vocabulary == 5)
        let two = """
            {stash: ids}, {embedding: {vocab: 9, width: 4}}, {stash: x}, {pop: ids}, {select: 1},
            {embedding: {vocab: 6, width: 4}}, {pop: x}, add, {linear: {in: 4, out: 9}}
            """
        #expect(try tokens(two).vocabulary == 6)
        #expect(try rows("{linear: {in: 4, out: 2}}").vocabulary == nil)
    }

    @Test(arguments: [
        ("{stash: a}, relu", #"m.yaml:1:11: stash "a": expected a later "pop: a", got none"#),
        (
            "{stash: b}, {stash: a}, {pop: b}, add, {stash: c}",
            #"m.yaml:1:23: stash "a": expected a later "pop: a", got none"#
        ),
        ("relu, {pop: a}", #"m.yaml:1:17: layer 1 (pop): expected an earlier "stash: a", got none"#),
        (
            "{stash: a}, relu, {stash: a}",
            #"m.yaml:1:29: layer 2 (stash): expected a name used once, got "a" again"#
        ),
        (
            "relu, {residual: [{linear: {in: 4, out: 2}}]}",
            "m.yaml:1:17: layer 1 (residual): expected the nested layers to keep f32[3 × 4], got f32[3 × 2]"
        ),
        (
            "{residual: [{split: 2}]}",
            "m.yaml:1:11: layer 0 (residual): expected the nested layers to keep f32[3 × 4], got (f32[3 × 2], f32[3 × 2])"
        ),
        (
            "relu, {residual: [relu, {linear: {in: 3, out: 4}}]}",
            "m.yaml:1:35: layer 1.1 (linear): expected width 3, got [3 × 4]"
        ),
        ("{split: 2}, {select: 2}", "m.yaml:1:23: layer 1 (select): expected an index from 0 to 1, got 2"),
        ("relu, {split: 2}", "m.yaml:1:17: the last layer: expected one tensor for the loss, got a tuple of 2"),
        ("add", "m.yaml:1:10: layer 0 (add): expected a tuple of at least 2 tensors, got [3 × 4]"),
    ])
    func `a model that cannot be says where, what and why`(_ layers: String, _ expected: String) {
        #expect(message { try rows(layers) } == expected)
    }

    @Test func `a loss that does not fit says so`() {
        let ids = message { try tokens("{reshape: [4]}") }
        #expect(ids == "m.yaml:1:9: loss cross-entropy: expected floating-point numbers, got i32[2 × 4]")
    }
}
