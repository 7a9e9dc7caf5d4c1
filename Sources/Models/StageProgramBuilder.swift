import Layers
public import Tensors

extension StageProgram {
    /// - Parameters:
    ///   - splitsBackward: whether the schedule runs the two backward halves apart, so that what lies between
    ///     them must stay in the frame.
    ///   - backend: says how much scratch its attention needs.
    public init(
        _ model: Sequential, _ layout: PipelineLayout, stage: Int, splitsBackward: Bool, on backend: any Backend
    ) {
        var builder = StageProgramBuilder(
            model, layout, layout.stages[stage], splitsBackward: splitsBackward, on: backend)
        builder.placeValues()
        builder.placeForward()
        builder.placeLoss()
        builder.placeBackward()
        self = builder.finish()
    }
}

/// Decides lifetimes, in two passes over the stage's nodes, then lets `MemoryPlan` colour the transient ones.
private struct StageProgramBuilder {
    typealias Place = StageProgram.Place
    typealias Contribution = PipelineLayout.Contribution

    let model: Sequential
    let stage: PipelineLayout.Stage
    let imports: [PipelineLayout.Crossing]
    let exports: [PipelineLayout.Crossing]
    let splitsBackward: Bool
    let backend: any Backend
    var program = StageProgram()

    /// Transient places are offsets into `requests` until `finish` colours them.
    private var requests: [MemoryPlan.Request] = []
    /// Where each root value of this stage lies.
    private var places: [Int: Place] = [:]
    /// Where each root value's gradient is summed, once its first contribution is there.
    private var gradients: [Int: Place] = [:]

    init(
        _ model: Sequential, _ layout: PipelineLayout, _ stage: PipelineLayout.Stage, splitsBackward: Bool,
        on backend: any Backend
    ) {
        self.model = model
        self.backend = backend
        self.stage = stage
        self.splitsBackward = splitsBackward
        imports = stage.imports.map { layout.crossings[$0] }
        exports = stage.exports.map { layout.crossings[$0] }
        program.nodes = stage.nodes.map { node in
            var places = StageProgram.NodePlaces()
            places.trains = model.nodes[node].outputs.contains { model.values[$0].needsGradient }
            return places
        }
    }

    // MARK: Places

    private mutating func frame(_ spec: TensorSpec) -> Place {
        defer { program.frameBytes += MemoryPlan.aligned(spec.byteCount) }
        return Place(region: .frame, offset: program.frameBytes, spec: spec)
    }

    private mutating func transient(_ spec: TensorSpec, _ lifetime: ClosedRange<Int>) -> Place {
        requests.append(.init(bytes: spec.byteCount, lifetime: lifetime))
        return Place(region: .transient, offset: requests.count - 1, spec: spec)
    }

    private func root(_ value: Int) -> Int { model.values[value].root }

    private func place(of value: Int) -> Place {
        guard let place = places[root(value)] else { preconditionFailure("value \(value) has no place") }
        return place.viewed(as: model.values[value].spec)
    }

    /// The forward of local node k happens at time k, its backward at time −1 − k: the two never share the arena's
    /// contents, so lifetimes of the two passes must not overlap.
    private func backwardTime(_ local: Int) -> Int { -1 - local }

    // MARK: Forward

    /// What crosses the stage's borders lies in the frame: it is filled before or emptied after the pass.
    mutating func placeValues() {
        var crossing = Set(imports.flatMap(\.values)).union(exports.flatMap(\.values))
        if stage.index == 0 { crossing.insert(model.input) }
        if stage.isLast { crossing.insert(root(model.prediction)) }
        for value in crossing.sorted() {
            places[value] = frame(model.values[value].spec)
        }
        program.values = places
    }

    mutating func placeForward() {
        for (local, index) in stage.nodes.enumerated() {
            let node = model.nodes[index]
            for output in node.outputs where places[output] == nil {
                let spec = model.values[output].spec
                let lastUse = model.values[output].consumers.filter { stage.nodes.contains($0) }.last ?? index
                places[output] =
                    isKept(output)
                    ? frame(spec) : transient(spec, local...max(local, lastUse - stage.nodes.lowerBound))
            }
            program.nodes[local].inputs = node.inputs.map(place(of:))
            program.nodes[local].outputs = node.outputs.map(place(of:))
            let trains = program.nodes[local].trains
            for spec in node.plan.saved {
                program.nodes[local].saved.append(trains ? frame(spec) : transient(spec, local...local))
            }
            program.nodes[local].forwardScratch = scratch(node.plan.scratchBytes(on: backend), at: local)
        }
    }

    /// Whether some backward half reads the value again.
    private func isKept(_ value: Int) -> Bool {
        let trains = { (node: Int) in model.nodes[node].outputs.contains { model.values[$0].needsGradient } }
        let producer = model.values[value].producer
        return model.values[value].consumers.contains { model.nodes[$0].plan.keepsInputs && trains($0) }
            || producer.map { model.nodes[$0].plan.keepsOutputs && trains($0) } ?? false
    }

    private mutating func scratch(_ bytes: Int, at time: Int) -> Place? {
        guard bytes > 0 else { return nil }
        return transient(TensorSpec([(bytes + 3) / 4], .f32), time...time)
    }

    mutating func placeLoss() {
        guard stage.isLast else { return }
        let prediction = place(of: model.prediction)
        let value = root(model.prediction)
        let isRead = isKept(value) || !model.values[value].consumers.isEmpty
        let gradient = isRead ? frame(prediction.spec) : prediction
        program.loss = StageProgram.LossPlaces(
            prediction: prediction, gradient: gradient, targets: frame(model.targets),
            normaliser: frame(TensorSpec([1], .i64)))
        gradients[value] = gradient.viewed(as: model.values[value].spec)
    }

    // MARK: Backward

    mutating func placeBackward() {
        placeReceivedGradients()
        for (local, index) in stage.nodes.enumerated().reversed() where program.nodes[local].trains {
            placeOutputGradients(local, index)
            program.backward.append(.node(local))
            placeInputGradients(local, index)
            let node = model.nodes[index]
            let time = backwardTime(local)
            for spec in node.plan.deferred {
                program.nodes[local].deferred.append(splitsBackward ? frame(spec) : transient(spec, time...time))
            }
            program.nodes[local].backwardScratch = scratch(node.plan.scratchBytes(on: backend), at: time)
        }
        collectSentGradients()
    }

    /// Later stages' contributions come first: they belong to later consumers.
    private mutating func placeReceivedGradients() {
        for crossing in exports.reversed() {
            for contribution in crossing.gradients {
                let place = frame(model.values[contribution.value].spec)
                program.received[contribution] = place
                contribute(place, to: contribution.value)
            }
        }
    }

    /// Adds an already written part to a value's gradient, or makes it the first.
    private mutating func contribute(_ part: Place, to value: Int) {
        if let sum = gradients[value] {
            program.backward.append(.add(part, into: sum))
        } else {
            gradients[value] = part
        }
    }

    private mutating func placeOutputGradients(_ local: Int, _ index: Int) {
        for output in model.nodes[index].outputs {
            if gradients[output] == nil {
                let place = gradientPlace(output, from: local)
                program.backward.append(.zero(place))
                gradients[output] = place
            }
            program.nodes[local].outputGradients.append(gradients[output]!)
        }
    }

    /// A gradient lives from its first contribution, at the backward of node `local`, to its producer's backward.
    private mutating func gradientPlace(_ value: Int, from local: Int) -> Place {
        let spec = model.values[value].spec
        guard let producer = model.values[value].producer, stage.nodes.contains(producer),
            !(splitsBackward && model.nodes[producer].plan.keepsOutputGradients)
        else { return frame(spec) }
        return transient(spec, backwardTime(local)...backwardTime(producer - stage.nodes.lowerBound))
    }

    private mutating func placeInputGradients(_ local: Int, _ index: Int) {
        let node = model.nodes[index]
        for (position, input) in node.inputs.enumerated() {
            let value = root(input)
            guard model.values[value].needsGradient, !node.plan.withoutGradient.contains(position) else {
                program.nodes[local].inputGradients.append(nil)
                continue
            }
            let place: Place
            let alone = Contribution(value: value, consumers: [index])
            if sendsAlone(value, index), program.sent[alone] == nil {
                place = frame(model.values[value].spec)
                program.sent[alone] = place
            } else if let sum = program.sent[alone] ?? gradients[value] {
                place = transient(model.values[value].spec, backwardTime(local)...backwardTime(local))
                program.backward.append(.add(place, into: sum))
            } else {
                place = gradientPlace(value, from: local)
                gradients[value] = place
            }
            program.nodes[local].inputGradients.append(place.viewed(as: model.values[input].spec))
        }
    }

    /// Whether this consumer's gradient of an imported value travels on its own, not as part of a sum.
    private func sendsAlone(_ value: Int, _ consumer: Int) -> Bool {
        let own = imports.flatMap(\.gradients).filter { $0.value == value }
        return own.count > 1 && own.contains { $0.consumers == [consumer] }
    }

    private mutating func collectSentGradients() {
        for contribution in imports.flatMap(\.gradients) where program.sent[contribution] == nil {
            let value = contribution.value
            guard let place = gradients[value] else { preconditionFailure("no gradient of value \(value) to send") }
            program.sent[contribution] = place
        }
    }

    // MARK: Colouring

    mutating func finish() -> StageProgram {
        let plan = MemoryPlan(requests)
        program.transientBytes = plan.byteCount
        func settle(_ place: Place) -> Place {
            guard place.region == .transient else { return place }
            return Place(region: .transient, offset: plan.offsets[place.offset], spec: place.spec)
        }
        program.nodes = program.nodes.map { node in
            var node = node
            node.inputs = node.inputs.map(settle)
            node.outputs = node.outputs.map(settle)
            node.saved = node.saved.map(settle)
            node.deferred = node.deferred.map(settle)
            node.outputGradients = node.outputGradients.map(settle)
            node.inputGradients = node.inputGradients.map { $0.map(settle) }
            node.forwardScratch = node.forwardScratch.map(settle)
            node.backwardScratch = node.backwardScratch.map(settle)
            return node
        }
        program.backward = program.backward.map { step in
            switch step {
            case .node: step
            case .add(let part, let sum): .add(settle(part), into: settle(sum))
            case .zero(let place): .zero(settle(place))
            }
        }
        return program
    }
}
