public import Notation
public import Tensors

/// The sum of a tuple's tensors, which all have one shape.
public struct Add: Layer {
    public static let syntax = KindSyntax("add", "A tuple → its sum.", Add())

    /// Without settings; as manifests write it: `add`.
    public init() {}

    public var parameters: [ParameterSpec] { [] }

    public var separatesDocuments: Bool { true }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        let tuple = try input.tuple(least: 2)
        guard tuple.allSatisfy({ $0 == tuple[0] }) else {
            throw LayerError(expected: "tensors of one shape", got: input.words)
        }
        let sums = Double(tuple.count - 1)
        return LayerPlan(outputs: [tuple[0]], cost: .elementwise(tuple[0].count, forward: sums, backwardInput: 0))
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let y = frame.outputs[0]
        backend.add(frame.inputs[0], frame.inputs[1], into: y)
        for x in frame.inputs.dropFirst(2) { backend.add(y, x, into: y) }
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        for case let dx? in frame.inputGradients { backend.copy(frame.outputGradients[0], to: dx) }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
