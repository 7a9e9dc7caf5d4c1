import CPUDevices
import Glibc
import Models
import Stages
import Tensors
import TestPlans

/// One step of a model cut into stages, all of them in this process: what the network does is a copy here.
///
/// Every byte that a pass may not read is a NaN: a frame before its micro-batch, the shared arena before each pass.
struct HandDrivenRun {
    enum Order: CaseIterable {
        /// Every forward, then every backward: a slot for each micro-batch.
        case forwardsFirst
        /// Each micro-batch there and back in the one slot.
        case oneByOne
    }

    struct Outcome: Equatable {
        var lossSum: UInt64
        var squares: [UInt64]
        /// By parameter.
        var gradients: [String: [UInt32]]
        var parameters: [String: [UInt32]]

        /// The names of what differs.
        func difference(from other: Outcome) -> String {
            let names = gradients.keys.sorted().filter { gradients[$0] != other.gradients[$0] }
            return (lossSum == other.lossSum ? names : ["loss"] + names).joined(separator: " ")
        }
    }

    static let microBatches = 3
    private let model: ModelGraph
    private let layout: PipelineLayout
    private let order: Order
    private let splitsBackward: Bool
    let stages: [StageExecutor]

    init(
        _ model: ModelGraph, cuts: [Int] = [], order: Order = .forwardsFirst, splitsBackward: Bool = false,
        recomputation: Recomputation = .none, group: (any TensorGroup)? = nil,
        backend makeBackend: () -> any Backend = { CPUBackend(device: "cpu:0", threads: 1) }
    ) throws {
        self.model = model
        self.order = order
        self.splitsBackward = splitsBackward
        let layout = PipelineLayout(model, cuts: cuts)
        self.layout = layout
        stages = try layout.stages.map { stage in
            try StageExecutor(
                model: model, layout: layout, stage: stage.index,
                slots: order == .oneByOne ? 1 : Self.microBatches,
                deferredSlots: order == .oneByOne ? 1 : Self.microBatches, microBatches: Self.microBatches,
                micro: model.values[model.input].spec.shape[0], seed: 11, splitsBackward: splitsBackward,
                recomputation: recomputation, group: group, on: makeBackend())
        }
        for stage in stages { try stage.initialiseParameters(seed: 5) }
    }

    // MARK: A step

    func step() -> Outcome {
        for stage in stages { stage.memory.zeroGradients(on: stage.backend) }
        switch order {
        case .oneByOne:
            for microBatch in 0..<Self.microBatches {
                forward(microBatch)
                backward(microBatch)
                if splitsBackward { backwardWeight(microBatch) }
            }
        case .forwardsFirst:
            for microBatch in 0..<Self.microBatches { forward(microBatch) }
            for microBatch in 0..<Self.microBatches { backward(microBatch) }
            if splitsBackward { for microBatch in 0..<Self.microBatches { backwardWeight(microBatch) } }
        }
        return outcome
    }

    private func slot(_ microBatch: Int) -> Int { order == .oneByOne ? 0 : microBatch }

    func forward(_ microBatch: Int) {
        let slot = slot(microBatch)
        for stage in stages { poison(stage, slot, .frame) }
        fill(microBatch)
        for stage in stages {
            poison(stage, slot, .transient)
            stage.forward(step: 3, microBatch: microBatch, slot: slot)
            for crossing in stage.stage.exports.map({ layout.crossings[$0] }) {
                let receiver = stages[crossing.to]
                for value in crossing.values {
                    copy(
                        stage.program.values[value].map { stage.tensor($0, slot) }, on: stage,
                        to: receiver.program.values[value].map { receiver.tensor($0, slot) }, on: receiver)
                }
            }
        }
    }

    private func backward(_ microBatch: Int) {
        let slot = slot(microBatch)
        for stage in stages.reversed() {
            poison(stage, slot, .transient)
            if splitsBackward {
                stage.backwardInput(slot: slot, deferred: slot)
            } else {
                stage.backward(slot: slot)
            }
            for crossing in stage.stage.imports.map({ layout.crossings[$0] }) {
                let receiver = stages[crossing.from]
                for part in crossing.gradients {
                    copy(
                        stage.program.sent[part].map { stage.tensor($0, slot) }, on: stage,
                        to: receiver.program.received[part].map { receiver.tensor($0, slot) }, on: receiver)
                }
            }
        }
    }

    private func backwardWeight(_ microBatch: Int) {
        for stage in stages {
            poison(stage, slot(microBatch), .transient)
            stage.backwardWeight(slot: slot(microBatch), deferred: slot(microBatch))
        }
    }

    // MARK: Data

    /// Inputs into the first stage, targets into the last: the same numbers whatever the cuts are.
    private func fill(_ microBatch: Int) {
        let slot = slot(microBatch)
        var numbers = Numbers(state: UInt64(microBatch + 1))
        guard let first = stages.first, let last = stages.last, let input = first.program.values[model.input] else {
            preconditionFailure("a pipeline has an input")
        }
        let message = last.targets[slot]
        numbers.fill(first.tensor(input, slot), below: 7, on: first.backend)
        numbers.fill(message.targets, below: 7, on: last.backend)
        if message.targets.dtype == .i32, message.targets.count > 16 {
            mask(message.targets, microBatch, on: last.backend)
        }
        var count = Int64(model.targets.count * Self.microBatches)
        withUnsafeBytes(of: &count) { last.backend.upload($0, to: message.normaliser) }
    }

    /// Leaves every fourth target of the first micro-batch, none of the second, and all but one of the others.
    private func mask(_ targets: Tensor, _ microBatch: Int, on backend: any Backend) {
        var values = targets.bytes(on: backend).withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
        for row in values.indices {
            let counts = microBatch == 0 ? row % 4 == 1 : microBatch > 1 && row != 5
            if !counts { values[row] = -100 }
        }
        values.withUnsafeBytes { backend.upload($0, to: targets) }
    }

    /// By way of the host, as messages go.
    private func copy(
        _ source: Tensor?, on sender: StageExecutor, to target: Tensor?, on receiver: StageExecutor
    ) {
        guard let source, let target, source.spec == target.spec else {
            preconditionFailure(
                "the two ends of a crossing do not agree: \(source?.spec as Any), \(target?.spec as Any)")
        }
        source.bytes(on: sender.backend).withUnsafeBytes { receiver.backend.upload($0, to: target) }
    }

    private func poison(_ stage: StageExecutor, _ slot: Int, _ region: StageProgram.Place.Region) {
        for place in stage.program.places where place.region == region {
            let memory = stage.tensor(place, slot).memory
            let whole = Tensor(memory, spec: TensorSpec([memory.byteCount / 4], .i32))
            let ones = [UInt8](repeating: 0xff, count: whole.byteCount)
            ones.withUnsafeBytes { stage.backend.upload($0, to: whole) }
            return
        }
    }

    // MARK: Results

    private var outcome: Outcome {
        var outcome = Outcome(lossSum: 0, squares: [], gradients: [:], parameters: [:])
        for stage in stages {
            outcome.lossSum = stage.lossSum()?.bitPattern ?? 0
            outcome.squares += stage.gradientSquares().map(\.bitPattern)
            for (local, node) in model.nodes[stage.stage.nodes].enumerated() {
                for (index, name) in node.parameterNames.enumerated() {
                    outcome.gradients[name] = stage.memory.gradients[local][index].floats(on: stage.backend).map(
                        \.bitPattern)
                    outcome.parameters[name] = stage.memory.parameters[local][index].floats(on: stage.backend).map(
                        \.bitPattern)
                }
            }
        }
        return outcome
    }
}

extension StageProgram {
    /// Every place there is, in no order that matters.
    var places: [Place] {
        var places = Array(values.values) + Array(received.values) + Array(sent.values)
        if let loss { places += [loss.prediction, loss.gradient, loss.message] }
        if let head = loss?.head {
            places += [head.rows, head.targets, head.losses, head.input]
            if let backward = head.backward { places.append(backward) }
        }
        for node in nodes {
            for forward in [node.forward, node.recomputed] {
                places += forward.inputs + forward.outputs + forward.saved
                if let scratch = forward.scratch { places.append(scratch) }
            }
            places += node.deferred + node.outputGradients
            places += node.inputGradients.compactMap { $0 }
            if let scratch = node.backwardScratch { places.append(scratch) }
        }
        return places
    }
}

extension Tensor {
    func bytes(on backend: any Backend) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        bytes.withUnsafeMutableBytes { backend.download(self, to: $0) }
        return bytes
    }

    func floats(on backend: any Backend) -> [Float] {
        bytes(on: backend).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}
