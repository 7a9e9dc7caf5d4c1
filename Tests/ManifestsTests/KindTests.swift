import Layers
import Models
import Notation
import Optimizers
import Tensors
import Testing

/// A program's own kinds, as a user of the library writes them.
@Suite struct KindTests {
    private struct Scale: Layer {
        var factor = 1.0
        var shift: Int?

        static let syntax = KindSyntax(
            "scale", "Multiplies.", Scale(),
            [
                .defaulted("factor", \.factor, .positive, "by what"),
                .optional("shift", \.shift, .whole(0...9), "what is added"),
            ])

        var parameters: [ParameterSpec] { [] }
        func plan(for input: Signature) throws(LayerError) -> LayerPlan {
            try checkSettings()
            return LayerPlan(outputs: input, cost: LayerCost())
        }
        func forward(_ frame: LayerFrame, on backend: any Backend) {}
        func backwardInput(_ frame: LayerFrame, on backend: any Backend) {}
        func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
    }

    /// As `LayerKinds.register(Scale.self)` would have it, without changing what other tests see.
    private let kinds = KindRegistry<any Layer>([.init(Linear.self) { $0 }, .init(Scale.self) { $0 }])

    private func read(_ text: String) throws -> any Layer {
        try kinds.read(Field(node: NodeComposer.compose(text, file: "m.yaml"), path: "layer"))
    }

    private func message(_ text: String) -> String {
        #expect(throws: ManifestError.self) { try read(text) }?.description ?? ""
    }

    @Test func `a user's kind is read, checked and written as ours are`() throws {
        let written = try read("scale: {factor: 2.5, shift: 3}")
        #expect(written as? Scale == Scale(factor: 2.5, shift: 3))
        #expect(written.yaml == "scale: {factor: 2.5, shift: 3}")
        #expect(try read("scale").yaml == "scale: {factor: 1.0}")
        #expect(
            message("scale: {factr: 2}")
                == "m.yaml:1:9: unknown key \"factr\" in layer.scale; expected factor or shift; did you mean \"factor\"?"
        )
        #expect(message("scale: {factor: 0}") == "m.yaml:1:17: layer.scale.factor is 0; expected a number above 0")
        #expect(
            message("scael") == "m.yaml:1:1: layer is scael; expected linear or scale; did you mean \"scale\"?")
        #expect(message("linear") == "m.yaml:1:1: linear without a value; expected linear: {in: 64, out: 64}")
    }

    @Test func `to register a kind again changes nothing`() {
        let names = LayerKinds.names
        LayerKinds.register(Linear.self)
        #expect(LayerKinds.names == names)
    }

    @Test func `what Swift makes is held to the same limits`() {
        #expect(throws: LayerError(expected: "factor: a number above 0", got: "-1.0")) {
            try Scale(factor: -1).plan(for: [TensorSpec([1, 2])])
        }
        #expect(throws: LayerError(expected: "shift: a whole number of at least 0", got: "10")) {
            try Scale(shift: 10).plan(for: [TensorSpec([1, 2])])
        }
    }

    /// Each kind's shortest form, with its defaults written out, means the same.
    @Test func `every kind reads back what it writes`() throws {
        for kind in LayerKinds.descriptions where kind.name != "residual" {
            for example in kind.example.split(separator: ", or ") {
                let first = try Pipelines.model("\n  - \(example)")
                #expect(try Pipelines.model("\n  - \(first[0])") == first)
            }
        }
    }

    @Test func `a minimum above the optimizer's rate is refused with its place`() {
        let yaml = Pipelines.yaml(["learning_rate": "{decay: cosine, minimum: 0.1}"])
        #expect(
            Pipelines.message(yaml)
                == "p/x.yaml:6:41: learning_rate.minimum is 0.1; expected a number from 0 to the optimizer's lr, 0.001")
    }
}
