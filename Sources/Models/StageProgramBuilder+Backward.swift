import Layers
import Tensors

/// The backward halves: where gradients are summed, and what lies between the halves.
extension StageProgramBuilder {
    mutating func placeBackward() {
        placeReceivedGradients()
        for run in runs.reversed() {
            for node in run.nodes where recomputeTime[local(node)] != nil {
                program.backward.append(.recompute(local(node)))
            }
            for node in run.nodes.reversed() where program.nodes[local(node)].trains { placeBackward(of: node) }
        }
        collectSentGradients()
    }

    private mutating func placeBackward(of node: Int) {
        let index = local(node)
        let time = backwardTime[index]
        placeOutputGradients(node)
        program.backward.append(.node(index))
        placeInputGradients(node)
        // Without trained parameters there is no weight half to keep anything for.
        let isSplit = splitsBackward && model.nodes[node].hasWeightHalf
        for spec in model.nodes[node].plan.deferred {
            program.nodes[index].deferred.append(isSplit ? deferred(spec) : transient(spec, time...time))
        }
        program.nodes[index].backwardScratch = scratch(model.nodes[node], at: time)
        if splitsBackward { release(node) }
    }

    /// Frees what the weight half does not read, for what earlier nodes defer.
    private mutating func release(_ node: Int) {
        for saved in model.nodes[node].plan.releasedAfterInput {
            let place = program.nodes[local(node)].recomputed.saved[saved]
            guard place.region == .frame else { continue }
            let (end, overflow) = place.offset.addingReportingOverflow(MemoryPlan.aligned(place.spec.byteCount))
            if !overflow { reusableRanges.append(place.offset..<end) }
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
}
