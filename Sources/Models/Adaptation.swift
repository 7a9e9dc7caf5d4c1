public import Layers
import Tensors

/// What of a model is trained: all of it, some of its parameters, or adapters beside its products.
///
///     ModelGraph(model, input: input, adaptation: Adaptation(trained: ["3.weight"]))
public struct Adaptation: Hashable, Sendable {
    /// By the path of a layer's node, `3` or `3.0`: its adapters. They are trained.
    public var adapters: [String: [Adapter]]
    /// Names of the model's own parameters that are trained; nil: all.
    public var trained: Set<String>?
    /// Adapters' parameters that are one tensor, by name.
    public var ties: [[String]]

    /// Everything is trained, without adapters, unless given.
    public init(adapters: [String: [Adapter]] = [:], trained: Set<String>? = nil, ties: [[String]] = []) {
        self.adapters = adapters
        self.trained = trained
        self.ties = ties
    }

    /// Everything is trained.
    public static let none = Adaptation()

    /// By parameter of a layer at `path`, its adapters' included: whether it is trained.
    func trained(_ layer: any Layer, at path: String) -> [Bool] {
        let parameters = layer.parameters
        let own = parameters.count - 2 * layer.adapters.count
        return parameters.indices.map { index in
            guard index < own, let trained else { return true }
            return trained.contains("\(path).\(parameters[index].name)")
        }
    }
}

extension LayerPlan {
    /// The same where only some parameters are trained, and perhaps nothing that lies before the layer.
    func narrowed(_ layer: any Layer, trained: [Bool], isReached: Bool) -> LayerPlan {
        var plan = self
        if !trained.isEmpty, !trained.contains(true) {
            plan.cost.backwardWeight = 0
            plan.keepsOutputGradients = false
            if readsInputsForWeightsAlone { plan.keepsInputs = false }
        } else if trained.contains(false) {
            // A product's weight gradient takes as many FLOPs for each row as the weight has elements.
            let matrices = zip(layer.parameters, trained).dropLast(2 * layer.adapters.count).filter { $0.0.isMatrix }
            func count(_ list: [(ParameterSpec, Bool)]) -> Double { list.reduce(0) { $0 + Double($1.0.shape.count) } }
            let (all, own) = (count(Array(matrices)), count(matrices.filter(\.1)))
            let base = plan.cost.backwardWeight - adapterCost.backwardWeight
            plan.cost.backwardWeight = adapterCost.backwardWeight + base * (all > 0 ? own / all : 1)
        }
        if !isReached { (plan.cost.backwardInput, plan.cost.backwardWeight) = (0, 0) }
        return plan
    }
}
