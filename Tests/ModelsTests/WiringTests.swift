import Layers
import Models
import Notation
import Tensors
import Testing

/// Skip connections: residuals with and without a scale, and stashes.
@Suite struct WiringTests {
    @Test func `a residual without a scale ends in an addition, one with a scale in a scaled one`() throws {
        let model = try rows(
            "{residual: [relu]}, {residual: {scale: 1, layers: [relu]}}, {residual: {scale: 7.5, layers: [relu]}}")
        let sums = model.entries.map { model.nodes[$0.nodes.upperBound - 1].layer }
        #expect(sums[0] is Add && sums[1] is Add)
        #expect((sums[2] as? ScaledAdd)?.scale == 7.5)
        // The branch first, the input second.
        #expect(model.nodes[5].inputs == [model.nodes[4].outputs[0], model.nodes[3].outputs[0]])
    }

    @Test func `a residual of a tuple scales each of its tensors`() throws {
        let model = try rows("{split: 2}, {residual: {scale: 2, layers: [concatenate, tanh, {split: 2}]}}, add")
        #expect(model.nodes.filter { $0.layer is ScaledAdd }.count == 2)
    }

    @Test func `a scale is written only where it is not 1, and survives`() throws {
        let yaml = "layers: [{residual: {scale: 7.48, layers: [relu, {residual: [tanh]}]}}]\nloss: mean-squared-error"
        let model = try Sequential.decode(yaml: yaml, file: "m.yaml")
        #expect(model.layers[0].yaml == "residual: {scale: 7.48, layers: [relu, {residual: [tanh]}]}")
        let again = try Sequential.decode(yaml: model.resolvedYAML(), file: "r.yaml")
        #expect(again.layers.map(\.yaml) == model.layers.map(\.yaml))
        let swift = Sequential(loss: MeanSquaredError()) {
            Residual(scale: 7.48) {
                ReLU()
                Residual { Tanh() }
            }
        }
        #expect(swift.resolvedYAML() == model.resolvedYAML())
    }

    @Test func `a stash may be popped as often as needed, by every consumer the same value`() throws {
        let model = try rows(
            "{linear: {in: 4, out: 4}}, {stash: a}, {pop: a}, add, {residual: [{pop: a}, add]}, {pop: a}, {pop: a}, add"
        )
        let value = model.nodes[0].outputs[0]
        // Itself in the first sum, once in the residual's, twice in the last.
        #expect(model.values[value].consumers == [1, 1, 2, 4, 4])
    }

    @Test(arguments: [
        (
            "{residual: {scale: 0, layers: [relu]}}",
            "m.yaml:1:29: residual.scale is 0; expected a number from 1e-6 to 65504"
        ),
        (
            "{residual: {scale: 2, layer: [relu]}}",
            #"m.yaml:1:32: unknown key "layer" in residual; expected scale or layers; did you mean "layers"?"#
        ),
        ("{residual: {scale: 2}}", #"m.yaml:1:21: residual lacks the key "layers"; expected layers"#),
        (
            "{residual: {scale: 2, layers: []}}",
            "m.yaml:1:40: residual.layers is an empty list; expected a list of layers"
        ),
        ("{residual: relu}", "m.yaml:1:21: residual is relu; expected a list of layers"),
        ("{softcap: {cap: 1e9}}", "m.yaml:1:26: softcap.cap is 1e9; expected a number from 1e-6 to 65504"),
        ("softcap", "m.yaml:1:10: softcap without a value; expected softcap: {cap: 30.0}"),
        (
            "{rms-norm: {width: 4, unit_offset: yes}}",
            "m.yaml:1:45: rms-norm.unit_offset is yes; expected true or false; did you mean \"true\"?"
        ),
    ])
    func `settings that cannot be say where, what and why`(_ layers: String, _ expected: String) {
        #expect(message { try rows(layers) } == expected)
    }

    @Test func `a scale that Swift left out of its limits is refused when the model is laid out`() {
        let model = Sequential(loss: MeanSquaredError()) { Residual(scale: -1) { ReLU() } }
        let found = message { try ModelGraph(model, input: TensorSpec([2, 4])) }
        #expect(found.contains("layer 0 (residual): expected scale: a number from 1e-6 to 65504, got -1.0"))
    }

    @Test(arguments: [(12, "[", "]"), (8, "{scale: 2, layers: [", "]}")])
    func `residuals inside one another are read as deep as they can be written`(
        _ deepest: Int, _ open: String, _ close: String
    ) throws {
        func layers(_ depth: Int) -> String {
            String(repeating: "{residual: \(open)", count: depth) + "relu"
                + String(repeating: "\(close)}", count: depth)
        }
        #expect(try rows(layers(deepest)).nodes.count == deepest + 1)
        #expect(message { try rows(layers(deepest + 1)) }.contains("residuals inside one another in"))
    }
}
