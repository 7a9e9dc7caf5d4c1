public import Tensors

/// One tensor of a tuple; the others get a gradient of zero.
public struct Select: Layer {
    public let index: Int

    public init(_ index: Int) { self.index = index }

    public var kind: String { "select" }
    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        guard input.indices.contains(index) else {
            throw LayerError(expected: "a tuple with a tensor \(index), counted from 0", got: input.words)
        }
        var plan = LayerPlan(outputs: [try input[index].checked()], cost: LayerCost())
        plan.views = [0: index]
        plan.withoutGradient = Set(input.indices.filter { !input[$0].dtype.isFloatingPoint })
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {}

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        for (place, dx) in frame.inputGradients.enumerated() where place != index {
            if let dx { backend.zero(dx) }
        }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
