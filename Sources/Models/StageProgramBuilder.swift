import Layers
public import Tensors

extension StageProgram {
    /// - Parameters:
    ///   - splitsBackward: whether the schedule runs the two backward halves apart, so that what lies between them must
    ///     stay in the frame.
    ///   - backend: says how much scratch its attention needs.
    public init(
        _ model: Sequential, _ layout: PipelineLayout, stage: Int, splitsBackward: Bool,
        recomputation: Recomputation = .none, on backend: any Backend
    ) {
        var builder = StageProgramBuilder(
            model, layout, layout.stages[stage], splitsBackward: splitsBackward, recomputation, on: backend)
        builder.placeCrossings()
        builder.placeForward()
        builder.placeLoss()
        builder.placeBackward()
        self = builder.finish()
    }
}

/// Decides lifetimes, in two passes over the stage's nodes, then lets `MemoryPlan` colour the transient ones.
///
/// Time counts executions: the forward of local node k happens at time k; the steps of the backward pass follow. The
/// passes of different micro-batches never share the arena's contents.
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

    /// The nodes computed again, in segments.
    private let segments: [Range<Int>]
    /// By local node: when its backward happens, and when its second forward does, if ever.
    private var backwardTime: [Int]
    private var secondTime: [Int?]
    /// Transient places are offsets into `requests` until `finish` colours them.
    private var requests: [MemoryPlan.Request] = []
    /// Where each root value of this stage lies in the forward pass, and in the backward pass.
    private var places: [Int: Place] = [:]
    private var placesAgain: [Int: Place] = [:]
    /// Where each root value's gradient is summed, once its first contribution is there.
    private var gradients: [Int: Place] = [:]
    /// Parts of the frame that nothing reads any more at this point of the backward pass.
    private var spent: [Range<Int>] = []

    init(
        _ model: Sequential, _ layout: PipelineLayout, _ stage: PipelineLayout.Stage, splitsBackward: Bool,
        _ recomputation: Recomputation, on backend: any Backend
    ) {
        self.model = model
        self.backend = backend
        self.stage = stage
        self.splitsBackward = splitsBackward
        imports = stage.imports.map { layout.crossings[$0] }
        exports = stage.exports.map { layout.crossings[$0] }
        segments = recomputation.segments(of: stage.entries, in: model)
        backwardTime = Array(repeating: 0, count: stage.nodes.count)
        secondTime = Array(repeating: nil, count: stage.nodes.count)
        program.nodes = stage.nodes.map { node in
            var places = StageProgram.NodePlaces()
            places.trains = model.nodes[node].outputs.contains { model.values[$0].needsGradient }
            return places
        }
        setTimes()
    }

    /// Backward goes through the segments from the last to the first, and through each twice: forward again, then back.
    private mutating func setTimes() {
        var time = stage.nodes.count
        let runs = segments.isEmpty ? [stage.nodes] : segments
        for segment in runs.reversed() {
            for node in segment where !segments.isEmpty && isNeededAgain(node, segment) {
                secondTime[local(node)] = time
                time += 1
            }
            for node in segment.reversed() {
                backwardTime[local(node)] = time
                time += 1
            }
        }
    }

    /// Whether a node's second forward makes anything that is read: its own saved tensors or outputs, or what a later
    /// node of the segment takes.
    private func isNeededAgain(_ node: Int, _ segment: Range<Int>) -> Bool {
        let own = model.nodes[node]
        guard program.nodes[local(node)].trains else {
            return own.outputs.contains { isReadAgain($0, segment) }
        }
        return !own.plan.saved.isEmpty || own.outputs.contains { isReadAgain($0, segment) }
    }

    private func isReadAgain(_ value: Int, _ segment: Range<Int>) -> Bool {
        guard !crossesSegment(value), !leaves(value) else { return false }
        return isKept(value)
            || model.values[value].consumers.contains { segment.contains($0) && isNeededAgain($0, segment) }
    }

    /// Whether the frame holds the value because the next stage or the loss takes it.
    private func leaves(_ value: Int) -> Bool {
        exports.contains { $0.values.contains(value) } || (stage.isLast && root(model.prediction) == value)
    }

    // MARK: Places

    private func local(_ node: Int) -> Int { node - stage.nodes.lowerBound }
    private func root(_ value: Int) -> Int { model.values[value].root }
    private func spec(_ value: Int) -> TensorSpec { model.values[value].spec }

    private mutating func frame(_ spec: TensorSpec) -> Place {
        defer { program.frameBytes = grown(program.frameBytes, by: spec) }
        return Place(region: .frame, offset: program.frameBytes, spec: spec)
    }

    /// From one backward half to the other: where the frame is free by then, else in memory of its own.
    private mutating func deferred(_ spec: TensorSpec) -> Place {
        let bytes = MemoryPlan.aligned(spec.byteCount)
        let fitting = spent.indices.filter { spent[$0].count >= bytes }
        guard let best = fitting.min(by: { spent[$0].count < spent[$1].count }) else {
            defer { program.deferredBytes = grown(program.deferredBytes, by: spec) }
            return Place(region: .deferred, offset: program.deferredBytes, spec: spec)
        }
        let start = spent[best].lowerBound
        spent[best] = start + bytes..<spent[best].upperBound
        return Place(region: .frame, offset: start, spec: spec)
    }

    /// A manifest may describe what fits no machine: it is counted, and refused before anything is allocated.
    private func grown(_ bytes: Int, by spec: TensorSpec) -> Int {
        let (sum, overflow) = bytes.addingReportingOverflow(MemoryPlan.aligned(spec.byteCount))
        return overflow ? .max : sum
    }

    private mutating func transient(_ spec: TensorSpec, _ lifetime: ClosedRange<Int>) -> Place {
        requests.append(.init(bytes: spec.byteCount, lifetime: lifetime))
        return Place(region: .transient, offset: requests.count - 1, spec: spec)
    }

    private mutating func scratch(_ node: Node, at time: Int) -> Place? {
        let bytes = node.plan.scratchBytes(on: backend)
        return bytes > 0 ? transient(TensorSpec([(bytes + 3) / 4], .f32), time...time) : nil
    }

    private func place(_ value: Int, in places: [Int: Place]) -> Place {
        guard let place = places[root(value)] else { preconditionFailure("value \(value) has no place") }
        return place.viewed(as: spec(value))
    }

    // MARK: Forward

    /// What crosses the stage's borders lies in the frame: it is filled before or emptied after the pass.
    mutating func placeCrossings() {
        var crossing = Set(imports.flatMap(\.values)).union(exports.flatMap(\.values))
        if stage.index == 0 { crossing.insert(model.input) }
        if stage.isLast { crossing.insert(root(model.prediction)) }
        for value in crossing.sorted() { places[value] = frame(spec(value)) }
        placesAgain = places
        program.values = places
    }

    mutating func placeForward() {
        for node in stage.nodes { placeOutputs(of: node) }
        for node in stage.nodes {
            let index = local(node)
            program.nodes[index].forward = forwardPlaces(node, places, at: index, until: index, keepsSaved: true)
            guard let time = secondTime[index] else {
                // What is not computed again is only asked for its shape.
                program.nodes[index].again = program.nodes[index].forward
                program.nodes[index].again.inputs = model.nodes[node].inputs.map { input in
                    placesAgain[root(input)]?.viewed(as: spec(input)) ?? place(input, in: places)
                }
                continue
            }
            program.nodes[index].again = forwardPlaces(
                node, placesAgain, at: time, until: backwardTime[index], keepsSaved: false)
        }
    }

    private mutating func forwardPlaces(
        _ node: Int, _ places: [Int: Place], at time: Int, until end: Int, keepsSaved: Bool
    ) -> StageProgram.ForwardPlaces {
        let isFrame = keepsSaved && segments.isEmpty && program.nodes[local(node)].trains
        let plan = model.nodes[node].plan
        return StageProgram.ForwardPlaces(
            inputs: model.nodes[node].inputs.map { place($0, in: places) },
            outputs: model.nodes[node].outputs.map { place($0, in: places) },
            saved: plan.saved.map { isFrame ? frame($0) : transient($0, time...end) },
            scratch: scratch(model.nodes[node], at: time))
    }

    private mutating func placeOutputs(of node: Int) {
        for output in model.nodes[node].outputs where places[output] == nil {
            let users = model.values[output].consumers.filter(stage.nodes.contains)
            if crossesSegment(output) || (segments.isEmpty && isKept(output)) {
                places[output] = frame(spec(output))
                placesAgain[output] = places[output]
                continue
            }
            let last = users.last.map(local) ?? local(node)
            places[output] = transient(spec(output), local(node)...max(local(node), last))
            if let time = secondTime[local(node)] {
                placesAgain[output] = transient(spec(output), time...lastReading(output, users, from: node, time))
            }
        }
    }

    /// When a value that was computed again is read for the last time.
    private func lastReading(_ value: Int, _ users: [Int], from node: Int, _ time: Int) -> Int {
        var last = time
        for user in users {
            last = max(last, secondTime[local(user)] ?? last)
            if model.nodes[user].plan.keepsInputs { last = max(last, backwardTime[local(user)]) }
        }
        return model.nodes[node].plan.keepsOutputs ? max(last, backwardTime[local(node)]) : last
    }

    /// Whether another segment uses the value, so that it must survive its own.
    private func crossesSegment(_ value: Int) -> Bool {
        guard let producer = model.values[value].producer,
            let home = segments.first(where: { $0.contains(producer) })
        else { return false }
        return model.values[value].consumers.contains { stage.nodes.contains($0) && !home.contains($0) }
    }

    /// Whether some backward half reads the value again.
    private func isKept(_ value: Int) -> Bool {
        let trains = { (node: Int) in model.nodes[node].outputs.contains { model.values[$0].needsGradient } }
        let producer = model.values[value].producer
        return model.values[value].consumers.contains { model.nodes[$0].plan.keepsInputs && trains($0) }
            || producer.map { model.nodes[$0].plan.keepsOutputs && trains($0) } ?? false
    }

    /// The loss turns the prediction into its gradient in place, unless something still reads the prediction or it came
    /// from another stage: then the next one may arrive while the gradient is on its way back.
    mutating func placeLoss() {
        guard stage.isLast else { return }
        let prediction = place(model.prediction, in: places)
        let value = root(model.prediction)
        let producer = model.values[value].producer
        let isOwn = producer.map { stage.nodes.contains($0) && secondTime[local($0)] == nil } ?? false
        let isRead = isKept(value) || !model.values[value].consumers.isEmpty
        let gradient = isOwn && !isRead ? prediction : frame(prediction.spec)
        let message = frame(TargetsMessage.spec(model.targets))
        let targets = Place(
            region: .frame, offset: message.offset + TargetsMessage.targetsOffset, spec: model.targets)
        program.loss = StageProgram.LossPlaces(
            prediction: prediction, gradient: gradient, message: message, targets: targets)
        gradients[value] = gradient.viewed(as: spec(value))
    }

    // MARK: Backward

    mutating func placeBackward() {
        placeReceivedGradients()
        for segment in (segments.isEmpty ? [stage.nodes] : segments).reversed() {
            for node in segment where secondTime[local(node)] != nil {
                program.backward.append(.recompute(local(node)))
            }
            for node in segment.reversed() where program.nodes[local(node)].trains { placeBackward(of: node) }
        }
        collectSentGradients()
    }

    private mutating func placeBackward(of node: Int) {
        let index = local(node)
        let time = backwardTime[index]
        placeOutputGradients(node)
        program.backward.append(.node(index))
        placeInputGradients(node)
        for spec in model.nodes[node].plan.deferred {
            program.nodes[index].deferred.append(splitsBackward ? deferred(spec) : transient(spec, time...time))
        }
        program.nodes[index].backwardScratch = scratch(model.nodes[node], at: time)
        if splitsBackward { spend(node) }
    }

    /// Gives back what the weight half does not read, for what earlier nodes defer.
    private mutating func spend(_ node: Int) {
        for saved in model.nodes[node].plan.spent {
            let place = program.nodes[local(node)].again.saved[saved]
            guard place.region == .frame else { continue }
            let (end, overflow) = place.offset.addingReportingOverflow(MemoryPlan.aligned(place.spec.byteCount))
            if !overflow { spent.append(place.offset..<end) }
        }
    }

    /// Later stages' contributions come first: they belong to later consumers.
    private mutating func placeReceivedGradients() {
        for crossing in exports.reversed() {
            for contribution in crossing.gradients {
                let place = frame(spec(contribution.value))
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

    private mutating func placeOutputGradients(_ node: Int) {
        for output in model.nodes[node].outputs {
            let place = gradients[output] ?? gradientPlace(output, from: node)
            if gradients[output] == nil { program.backward.append(.zero(place)) }
            gradients[output] = place
            program.nodes[local(node)].outputGradients.append(place)
        }
    }

    /// A gradient lives from its first contribution, at the backward of `node`, to its producer's backward.
    private mutating func gradientPlace(_ value: Int, from node: Int) -> Place {
        guard let producer = model.values[value].producer, stage.nodes.contains(producer) else {
            return frame(spec(value))
        }
        if splitsBackward && model.nodes[producer].plan.keepsOutputGradients { return deferred(spec(value)) }
        return transient(spec(value), backwardTime[local(node)]...backwardTime[local(producer)])
    }

    /// A node that takes a value twice first sums what it adds to its gradient: as much as would travel from another
    /// stage, so that the order of the sum does not depend on the cuts.
    private mutating func placeInputGradients(_ node: Int) {
        let time = backwardTime[local(node)]
        var own: [Int: Place] = [:]
        var joins: [StageProgram.BackwardStep] = []
        for (position, input) in model.nodes[node].inputs.enumerated() {
            let value = root(input)
            guard model.values[value].needsGradient, !model.nodes[node].plan.withoutGradient.contains(position) else {
                program.nodes[local(node)].inputGradients.append(nil)
                continue
            }
            let place: Place
            if let sum = own[value] {
                place = transient(spec(value), time...time)
                program.backward.append(.add(place, into: sum))
            } else if let sum = gradients[value], !sendsAlone(node, value) {
                place = transient(spec(value), time...time)
                joins.append(.add(place, into: sum))
            } else {
                place = firstPart(of: value, from: node)
            }
            own[value] = own[value] ?? place
            program.nodes[local(node)].inputGradients.append(place.viewed(as: spec(input)))
        }
        program.backward += joins
    }

    private mutating func firstPart(of value: Int, from node: Int) -> Place {
        guard sendsAlone(node, value) else {
            let place = gradientPlace(value, from: node)
            gradients[value] = place
            return place
        }
        let place = frame(spec(value))
        program.sent[Contribution(value: value, consumers: [node])] = place
        return place
    }

    /// Whether this consumer's gradient of an imported value travels on its own, not as part of a sum.
    private func sendsAlone(_ consumer: Int, _ value: Int) -> Bool {
        let parts = imports.flatMap(\.gradients).filter { $0.value == value }
        return parts.count > 1 && parts.contains(Contribution(value: value, consumers: [consumer]))
    }

    private mutating func collectSentGradients() {
        for contribution in imports.flatMap(\.gradients) where program.sent[contribution] == nil {
            guard let place = gradients[contribution.value] else {
                preconditionFailure("no gradient of value \(contribution.value) to send")
            }
            program.sent[contribution] = place
        }
    }

    // MARK: Colouring

    mutating func finish() -> StageProgram {
        let plan = MemoryPlan(requests)
        program.transientBytes = plan.byteCount
        program.settle { place in
            guard place.region == .transient else { return place }
            return Place(region: .transient, offset: plan.offsets[place.offset], spec: place.spec)
        }
        return program
    }
}
