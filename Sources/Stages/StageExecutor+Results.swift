import Layers
package import Models
package import Tensors

/// What a step leaves for the run to add up.
extension StageExecutor {
    /// `B`, of which nobody is told.
    @discardableResult
    package func backward(slot: Int, deferred: Int = 0) -> [DeviceSpan] {
        backward(slot: slot, deferred: deferred) { _ in }
    }

    /// `W`, of which nobody is told.
    @discardableResult
    package func backwardWeight(slot: Int, deferred: Int = 0) -> [DeviceSpan] {
        backwardWeight(slot: slot, deferred: deferred) { _ in }
    }

    /// Σ over the global batch of every row's loss, not yet divided; nil but on the last stage.
    package func lossSum() -> Double? { rowLosses.map { backend.sum($0) } }

    /// The same of some samples, where each has as many rows of losses.
    package func lossSum(samples: Range<Int>) -> Double? { lossSum(samples, of: microBatches * micro) }

    /// The same of some micro-batches.
    package func lossSum(microBatches range: Range<Int>) -> Double? { lossSum(range, of: microBatches) }

    private func lossSum(_ range: Range<Int>, of count: Int) -> Double? {
        rowLosses.map { losses in
            let rows = losses.count / count
            return backend.sum(losses.slice(start: rows * range.lowerBound, [rows * range.count]))
        }
    }

    /// Σ of the squared gradients of each node that has parameters, in the model's order. A tie counts at its first member,
    /// once all members hold the sum. Each node's is the sum over its blocks, so that no number of replicas changes it.
    package func gradientSquares() -> [Double] {
        var sums = stage.nodes.map { _ in 0.0 }
        for (block, square) in zip(countedBlocks, gradientSquares(of: countedBlocks)) {
            sums[block.node - stage.nodes.lowerBound] += square
        }
        return stage.nodes.filter { !model.nodes[$0].layer.parameters.isEmpty }.map {
            sums[$0 - stage.nodes.lowerBound]
        }
    }

    /// Σ of the squared gradients of each of these blocks.
    package func gradientSquares(of blocks: [GradientBlock]) -> [Double] {
        backend.sumsOfSquares(blocks.map { gradient(of: $0) })
    }

    /// A block's elements, where the gradient is summed.
    package func gradient(of block: GradientBlock) -> Tensor {
        gradient(ofNode: block.node, parameter: block.parameter).slice(
            start: block.elements.lowerBound, [block.elements.count])
    }

    /// A block's elements, where layers compute with them.
    package func weights(of block: GradientBlock) -> Tensor {
        memory.parameters[block.node - stage.nodes.lowerBound][block.parameter].elements(block.elements)
    }

    /// The part of a master that lies in no replica whole: its parameter's name, the block's elements of that, and where they
    /// are, if this replica has them. nil where the master is whole, or is kept by another stage.
    package func compactMaster(of block: GradientBlock) -> (name: String, elements: Range<Int>, part: Tensor?)? {
        let local = block.node - stage.nodes.lowerBound
        guard block.isCounted, let owned = memory.owned, memory.isCompact(local, block.parameter) else { return nil }
        let origin = model.origin(of: Tie.Member(node: block.node, parameter: block.parameter))
        let place = owned.places(local, block.parameter).first { $0.elements.contains(block.elements.lowerBound) }
        let part = place.map { place in
            memory.masters[local][block.parameter].slice(
                start: place.start + block.elements.lowerBound - place.elements.lowerBound, [block.elements.count])
        }
        return (model.storedName(of: origin), block.elements, part)
    }

    /// Behind the last micro-batch of a lane, as `StageMemory` says it.
    package func finishLane(_ lane: Int, of lanes: Int, node local: Int) {
        memory.finishLane(lane, of: lanes, node: local, on: backend)
    }
}
