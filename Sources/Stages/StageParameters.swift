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
        let count = optimizer.state.count
        let shared = executor.memory.shared
        let shapes = shared.separate(executor.memory.masters).map {
            $0.flatMap { Array(repeating: $0.shape, count: count) }
        }
        let (flat, _) = try StageMemory.carve(shapes, on: executor.backend)
        let separate = zip(flat, shared.separate(executor.memory.masters)).map { flat, own in
            own.indices.map { Array(flat[$0 * count..<($0 + 1) * count]) }
        }
        states = shared.joined(separate)
    }

    /// Masters and optimizer state, by name.
    package var state: StageState {
        let tensors = executor.ownParameters().flatMap { parameter in
            [StageState.NamedTensor(name: parameter.name, tensor: parameter.tensor)]
                + zip(optimizer.state.names, states[parameter.place.node][parameter.place.parameter]).map {
                    StageState.NamedTensor(name: "\(parameter.name).\($0)", tensor: $1)
                }
        }
        return StageState(executor, tensors)
    }

    /// One optimizer step over every parameter.
    package mutating func update(learningRate: Double, gradientScale: Float) {
        updates += 1
        for (node, parameters) in executor.memory.masters.enumerated() {
            for (index, parameter) in parameters.enumerated() where !executor.memory.shared.isLater(node, index) {
                optimizer.update(
                    parameter, gradient: executor.memory.gradients[node][index],
                    state: states[node][index], t: updates, learningRate: learningRate,
                    gradientScale: gradientScale, on: executor.backend)
            }
        }
        executor.memory.castParameters(on: executor.backend)
    }
}
