import Models
package import Optimizers
package import Tensors

/// The parameters of one stage over a run: their optimizer state and their updates.
package struct StageParameters {
    private let executor: StageExecutor
    private let optimizer: any Optimizer
    /// By node, parameter, and state tensor.
    private let states: [[[Tensor]]]
    /// Updates so far.
    package var updates = 0

    package init(_ executor: StageExecutor, optimizer: any Optimizer) throws(TensorError) {
        self.executor = executor
        self.optimizer = optimizer
        let shapes = executor.memory.masters.map {
            $0.flatMap { Array(repeating: $0.shape, count: optimizer.state.count) }
        }
        let (flat, _) = try StageMemory.carve(shapes, on: executor.backend)
        let count = optimizer.state.count
        states = flat.map { node in
            count == 0
                ? [] : stride(from: 0, to: node.count, by: count).map { Array(node[$0..<$0 + count]) }
        }
    }

    /// Masters and optimizer state, by name.
    package var state: StageState {
        var places: [Int: Int] = [:]
        let tensors = executor.allParameters.flatMap { parameter in
            let local = parameter.node - executor.stage.nodes.lowerBound
            let index = places[local, default: 0]
            places[local] = index + 1
            let own = [StageState.NamedTensor(name: parameter.name, tensor: parameter.tensor)]
            guard !states[local].isEmpty else { return own }
            return own
                + zip(optimizer.state.names, states[local][index]).map {
                    StageState.NamedTensor(name: "\(parameter.name).\($0)", tensor: $1)
                }
        }
        return StageState(executor, tensors)
    }

    /// One optimizer step over every parameter.
    package mutating func update(learningRate: Double, gradientScale: Float) {
        updates += 1
        for (node, parameters) in executor.memory.masters.enumerated() {
            for (index, parameter) in parameters.enumerated() {
                optimizer.update(
                    parameter, gradient: executor.memory.gradients[node][index],
                    state: states[node].isEmpty ? [] : states[node][index], t: updates, learningRate: learningRate,
                    gradientScale: gradientScale, on: executor.backend)
            }
        }
        executor.memory.castParameters(on: executor.backend)
    }
}
