import Layers
import Tensors

/// The forward pass, and the recomputed one.
extension StageProgramBuilder {
    /// What crosses the stage's borders lies in the frame: it is filled before or emptied after the pass.
    mutating func placeCrossings() {
        var crossing = Set(imports.flatMap(\.values)).union(exports.flatMap(\.values))
        if stage.index == 0 { crossing.insert(model.input) }
        if stage.isLast { crossing.insert(root(model.prediction)) }
        for value in crossing.sorted() { places[value] = frame(spec(value)) }
        recomputedPlaces = places
        program.values = places
    }

    mutating func placeForward() {
        for node in stage.nodes { placeOutputs(of: node) }
        for node in stage.nodes {
            let index = local(node)
            program.nodes[index].forward = forwardPlaces(node, places, at: index, until: index, keepsSaved: true)
            guard let time = recomputeTime[index] else {
                // Only the shapes of what is not recomputed are read.
                program.nodes[index].recomputed = program.nodes[index].forward
                program.nodes[index].recomputed.inputs = model.nodes[node].inputs.map { input in
                    recomputedPlaces[root(input)]?.viewed(as: spec(input)) ?? place(input, in: places)
                }
                continue
            }
            program.nodes[index].recomputed = forwardPlaces(
                node, recomputedPlaces, at: time, until: backwardTime[index], keepsSaved: false)
        }
    }

    private mutating func forwardPlaces(
        _ node: Int, _ places: [Int: Place], at time: Int, until end: Int, keepsSaved: Bool
    ) -> StageProgram.ForwardPlaces {
        let isFrame = keepsSaved && segment(of: node) == nil && program.nodes[local(node)].trains
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
            if crossesSegment(output) || (segment(of: node) == nil && isKept(output)) {
                places[output] = frame(spec(output))
                recomputedPlaces[output] = places[output]
                continue
            }
            let last = users.last.map(local) ?? local(node)
            places[output] = transient(spec(output), local(node)...max(local(node), last))
            if let time = recomputeTime[local(node)] {
                recomputedPlaces[output] = transient(spec(output), time...lastReading(output, users, from: node, time))
            }
        }
    }

    /// When a recomputed value is read for the last time.
    private func lastReading(_ value: Int, _ users: [Int], from node: Int, _ time: Int) -> Int {
        var last = time
        for user in users {
            last = max(last, recomputeTime[local(user)] ?? last)
            if model.nodes[user].plan.keepsInputs { last = max(last, backwardTime[local(user)]) }
        }
        return model.nodes[node].plan.keepsOutputs ? max(last, backwardTime[local(node)]) : last
    }

    /// Whether something outside of the value's segment uses it, or a segment what was not made in one, so that it must
    /// survive the forward.
    func crossesSegment(_ value: Int) -> Bool {
        guard let producer = model.values[value].producer, stage.nodes.contains(producer) else { return false }
        let home = segment(of: producer)
        return model.values[value].consumers.contains { stage.nodes.contains($0) && segment(of: $0) != home }
    }

    /// Whether some backward half reads the value.
    func isKept(_ value: Int) -> Bool {
        guard hasBackward else { return false }
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
        let isOwn = producer.map { stage.nodes.contains($0) && recomputeTime[local($0)] == nil } ?? false
        let isRead = isKept(value) || !model.values[value].consumers.isEmpty
        let gradient = isOwn && !isRead ? prediction : frame(prediction.spec)
        program.loss = StageProgram.LossPlaces(
            prediction: prediction, gradient: gradient, message: frame(TargetsMessage.spec(model.targets)))
        if let shard = model.shard, model.predictionChannels != nil {
            // At the time of the stage's last forward, when nothing but the loss runs.
            let time = stage.nodes.count - 1
            let parts = transient(TensorSpec([shard.count, model.targets.count, 3]), time...time)
            program.loss?.parts = parts
        }
        placeHead()
        gradients[value] = gradient.viewed(as: spec(value))
    }
}
