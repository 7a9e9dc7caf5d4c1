import Checkpoints
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
    /// Whether an update can be taken back.
    private let keepsCopies: Bool

    private struct Trained {
        var name: String
        var pieces: [Piece]
        /// nil: the optimizer as it is.
        var rule: ParameterRule?
    }

    /// What is updated at once: a whole parameter, or a run of elements that this replica owns.
    private struct Piece {
        /// nil: all of them.
        var elements: Range<Int>?
        var parameter: Tensor
        var gradient: Tensor
        var state: [Tensor]
        /// As the parameter and its state were before the last update that may be taken back; empty where none may.
        var copies: [Tensor] = []

        /// What an update changes.
        var moved: [Tensor] { [parameter] + state }
    }

    /// - Parameters:
    ///   - rules: by the name under which files hold a parameter, what differs from `optimizer`.
    ///   - keepsCopies: whether updates may have to be taken back.
    package init(
        _ executor: StageExecutor, optimizer: any Optimizer, rules: [String: ParameterRule] = [:],
        keepsCopies: Bool = false
    ) throws(TensorError) {
        self.executor = executor
        self.optimizer = optimizer
        self.keepsCopies = keepsCopies
        let memory = executor.memory
        let own = executor.ownParameters().filter { memory.trained[$0.place.node][$0.place.parameter] }
        let shapes = own.map { own in
            let shape =
                memory.owned.map { Shape([$0.count(own.place.node, own.place.parameter)]) }
                ?? memory.gradients[own.place.node][own.place.parameter].shape
            return Array(repeating: shape, count: optimizer.state.count)
        }
        let (states, _) = try StageMemory.carve(shapes, on: executor.backend)
        var trained = zip(own, states).map { own, state in
            Trained(name: own.name, pieces: Self.pieces(own, state, memory), rule: rules[own.name])
        }
        if keepsCopies {
            let moved = trained.flatMap(\.pieces).map { $0.moved.map(\.shape) }
            var copies = try StageMemory.carve(moved, on: executor.backend).tensors.makeIterator()
            for entry in trained.indices {
                for piece in trained[entry].pieces.indices {
                    trained[entry].pieces[piece].copies = copies.next() ?? []
                }
            }
        }
        self.trained = trained
    }

    private static func pieces(
        _ own: StageExecutor.OwnParameter, _ state: [Tensor], _ memory: StageMemory
    ) -> [Piece] {
        let (local, index) = (own.place.node, own.place.parameter)
        let gradient = memory.gradients[local][index]
        guard let owned = memory.owned else {
            return [Piece(elements: nil, parameter: own.tensor, gradient: gradient, state: state)]
        }
        return owned.places(local, index).map { elements, start in
            let isCompact = memory.isCompact(local, index)
            return Piece(
                elements: elements,
                parameter: own.tensor.slice(start: isCompact ? start : elements.lowerBound, [elements.count]),
                gradient: gradient.elements(elements), state: state.map { $0.slice(start: start, [elements.count]) })
        }
    }

    /// Masters and optimizer state, by name.
    package var state: StageState {
        let pieces = Dictionary(trained.map { ($0.name, $0.pieces) }) { first, _ in first }
        var tensors: [StageState.NamedTensor] = []
        var compact: [StageState.CompactMaster] = []
        for parameter in executor.ownParameters() {
            let own = pieces[parameter.name]
            let isKept = executor.isStored(parameter)
            func named(_ name: String, _ tensor: Tensor, isMoment: Bool) -> StageState.NamedTensor {
                StageState.NamedTensor(
                    name: name, tensor: tensor, isMoment: isMoment, isTrained: own != nil, isKept: isKept,
                    slice: parameter.slice)
            }
            if executor.memory.isCompact(parameter.place.node, parameter.place.parameter) {
                compact.append(StageState.CompactMaster(parameter: parameter, isKept: isKept))
            } else {
                tensors.append(named(parameter.name, parameter.tensor, isMoment: false))
            }
            for piece in own ?? [] {
                for (moment, tensor) in zip(optimizer.state.names, piece.state) {
                    let name = "\(parameter.name).\(moment)"
                    tensors.append(
                        named(piece.elements.map { TensorPiece(name, $0).text } ?? name, tensor, isMoment: true))
                }
            }
        }
        return StageState(executor, tensors, compact)
    }

    /// One optimizer step over every trained parameter, or over the elements of them that this replica owns.
    /// - Parameter mayBeTakenBack: whether copies are made first; then `takeBack` undoes it.
    package mutating func update(learningRate: Double, gradientScale: Float, mayBeTakenBack: Bool = false) {
        precondition(keepsCopies || !mayBeTakenBack, "no memory for copies")
        updates += 1
        for entry in trained {
            let rule = entry.rule
            for piece in entry.pieces {
                if mayBeTakenBack {
                    for (tensor, copy) in zip(piece.moved, piece.copies) { executor.backend.copy(tensor, to: copy) }
                }
                (rule?.optimizer ?? optimizer).update(
                    piece.parameter, gradient: piece.gradient, state: piece.state, t: updates,
                    learningRate: rule.map { learningRate * $0.rateFactor } ?? learningRate,
                    gradientScale: gradientScale, on: executor.backend)
            }
        }
        executor.memory.castParameters(trainedOnly: true, on: executor.backend)
    }

    /// Undoes the last update, bit for bit.
    package mutating func takeBack() {
        updates -= 1
        for piece in trained.flatMap(\.pieces) {
            for (tensor, copy) in zip(piece.moved, piece.copies) { executor.backend.copy(copy, to: tensor) }
        }
        executor.memory.castParameters(trainedOnly: true, on: executor.backend)
    }
}
