import Checkpoints
import Layers
import Models
import Optimizers
import Tensors

/// The parameters of one stage over a run: first values, updates, and their way into a file.
struct StageParameters {
    private let executor: StageExecutor
    private let optimizer: any Optimizer
    /// By node, parameter, and state tensor.
    private let states: [[[Tensor]]]
    private var updates = 0

    init(_ executor: StageExecutor, optimizer: any Optimizer) {
        self.executor = executor
        self.optimizer = optimizer
        let shapes = executor.memory.parameters.map { $0.flatMap { Array(repeating: $0.shape, count: optimizer.state.count) } }
        let (flat, _) = StageMemory.carve(shapes, on: executor.backend)
        let count = optimizer.state.count
        states = flat.map { node in
            count == 0
                ? [] : stride(from: 0, to: node.count, by: count).map { Array(node[$0..<$0 + count]) }
        }
    }

    /// Name, tensor and first values of every parameter, in the model's order.
    private var all: [(name: String, tensor: Tensor, node: Int, initial: Distribution)] {
        executor.stage.nodes.flatMap { index in
            let node = executor.model.nodes[index]
            let tensors = executor.memory.parameters[index - executor.stage.nodes.lowerBound]
            return zip(node.parameterNames, zip(node.layer.parameters, tensors)).map {
                ($0, $1.1, index, $1.0.initial)
            }
        }
    }

    /// First values from the seed: they depend on the parameter alone, not on who owns it.
    func initialise(seed: UInt64) {
        var ordinal: UInt32 = 0
        var node = -1
        for parameter in all {
            ordinal = parameter.node == node ? ordinal + 1 : 0
            node = parameter.node
            let key = RandomKey(
                seed: seed, step: .max, sample: ordinal, layer: StageExecutor.stream(ofNode: parameter.node))
            executor.backend.fill(parameter.tensor, parameter.initial, key: key)
        }
    }

    /// First values from a file that was checked to hold them.
    func load(_ weights: Weights) throws(CheckpointError) {
        for parameter in all {
            let staging = UnsafeMutableBufferPointer<Float>.allocate(capacity: parameter.tensor.count)
            defer { staging.deallocate() }
            try weights.copyFloats(parameter.name, into: staging)
            executor.backend.upload(UnsafeRawBufferPointer(staging), to: parameter.tensor)
        }
    }

    /// Hands every parameter's name and bytes to `write`.
    func save(_ write: (String, UnsafeRawBufferPointer) throws(CheckpointError) -> Void) throws(CheckpointError) {
        for parameter in all {
            let staging = UnsafeMutableRawBufferPointer.allocate(byteCount: parameter.tensor.byteCount, alignment: 64)
            defer { staging.deallocate() }
            executor.backend.download(parameter.tensor, to: staging)
            try write(parameter.name, UnsafeRawBufferPointer(staging))
        }
    }

    /// One optimizer step over every parameter.
    mutating func update(learningRate: Double, gradientScale: Float) {
        updates += 1
        for (node, parameters) in executor.memory.parameters.enumerated() {
            for (index, parameter) in parameters.enumerated() {
                optimizer.update(
                    parameter, gradient: executor.memory.gradients[node][index],
                    state: states[node].isEmpty ? [] : states[node][index], t: updates, learningRate: learningRate,
                    gradientScale: gradientScale, on: executor.backend)
            }
        }
    }
}
