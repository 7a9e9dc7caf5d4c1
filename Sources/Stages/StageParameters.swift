import Models
package import Optimizers
package import Tensors

/// The parameters of one stage over a run: their optimizer state and their updates.
package struct StageParameters {
    private let executor: StageExecutor
    private let optimizer: any Optimizer
    /// In the model's order: what the optimizer moves.
    private let trained: [Trained]
    /// Updates so far.
    package var updates = 0

    private struct Trained {
        var name: String
        var parameter: Tensor
        var gradient: Tensor
        var state: [Tensor]
        /// nil: the optimizer as it is.
        var rule: ParameterRule?
    }

    /// - Parameter rules: by the name under which files hold a parameter, what differs from `optimizer`.
    package init(
        _ executor: StageExecutor, optimizer: any Optimizer, rules: [String: ParameterRule] = [:]
    ) throws(TensorError) {
        self.executor = executor
        self.optimizer = optimizer
        let memory = executor.memory
        let own = executor.ownParameters().filter { memory.trained[$0.place.node][$0.place.parameter] }
        let shapes = own.map { Array(repeating: $0.tensor.shape, count: optimizer.state.count) }
        let (states, _) = try StageMemory.carve(shapes, on: executor.backend)
        trained = zip(own, states).map { own, state in
            Trained(
                name: own.name, parameter: own.tensor,
                gradient: memory.gradients[own.place.node][own.place.parameter], state: state, rule: rules[own.name])
        }
    }

    /// Masters and optimizer state, by name.
    package var state: StageState {
        let states = Dictionary(trained.map { ($0.name, $0.state) }) { first, _ in first }
        let tensors = executor.ownParameters().flatMap { parameter in
            let own = states[parameter.name]
            let isKept = executor.isStored(parameter)
            func named(_ name: String, _ tensor: Tensor, isMoment: Bool) -> StageState.NamedTensor {
                StageState.NamedTensor(
                    name: name, tensor: tensor, isMoment: isMoment, isTrained: own != nil, isKept: isKept)
            }
            return [named(parameter.name, parameter.tensor, isMoment: false)]
                + zip(optimizer.state.names, own ?? []).map {
                    named("\(parameter.name).\($0)", $1, isMoment: true)
                }
        }
        return StageState(executor, tensors)
    }

    /// One optimizer step over every trained parameter.
    package mutating func update(learningRate: Double, gradientScale: Float) {
        updates += 1
        for entry in trained {
            let rule = entry.rule
            (rule?.optimizer ?? optimizer).update(
                entry.parameter, gradient: entry.gradient, state: entry.state, t: updates,
                learningRate: rule.map { learningRate * $0.rateFactor } ?? learningRate, gradientScale: gradientScale,
                on: executor.backend)
        }
        executor.memory.castParameters(trainedOnly: true, on: executor.backend)
    }
}
