import Layers
import Manifests
import Models
import Optimizers
import Scheduling
import Tensors

/// What a run needs to go on without a checkpoint: with another worker, or with other cuts.
extension TrainingPlan {
    /// States travel in pieces of so many bytes.
    package static let statePiece = 1 << 20

    /// Whether states travel over the links.
    package var movesStates: Bool { isTraining && (manifest.mirror || manifest.recut != nil) }

    /// Whether checkpoints and copies leave out what is frozen: beside adapters, that is nearly all of the model.
    package var keepsTrainedOnly: Bool { manifest.lora != nil }

    /// Whether the devices compute, so that there is a state.
    package var hasState: Bool { isTraining && manifest.devices.allSatisfy { $0.kind != .sim } }

    /// The rank that keeps a copy of a rank's state: the next one that links in both directions lead to, or the one before
    /// where there is none; nil where nothing is mirrored.
    package func mirror(of rank: Int) -> Int? {
        guard manifest.mirror, hasState else { return nil }
        let count = placement.rankCount
        let others = (1..<max(count, 1)).map { (rank + $0) % count }
        return others.first { areLinked(rank, $0) }
    }

    /// Whether messages pass between two ranks, in both directions.
    package func areLinked(_ rank: Int, _ other: Int) -> Bool {
        let links = placement.links(of: rank, in: lowered)
        return links.contains { $0.to == other } && links.contains { $0.from == other }
    }

    /// Bytes of the tensors of a rank's state that move, by name, as `StageState` has them: masters and moments are f32.
    package func stateSizes(ofRank rank: Int) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for stage in placement.stages(of: rank) {
            for node in layout.stages[stage].nodes {
                for (parameter, spec) in model.nodes[node].layer.parameters.enumerated() {
                    let isTrained = model.nodes[node].trained[parameter]
                    guard isTrained || !keepsTrainedOnly else { continue }
                    let name = model.storedName(of: model.origin(of: Tie.Member(node: node, parameter: parameter)))
                    sizes[name] = spec.shape.count * DType.f32.size
                    for moment in isTrained ? optimizer.state.names : [] { sizes["\(name).\(moment)"] = sizes[name] }
                }
            }
        }
        return sizes
    }

    /// Bytes of the copies that a stage's rank keeps for the run's sake: two of the stage's own, and, counted with the first of
    /// its stages, two of all stages of each rank that it mirrors.
    func mirrorBytes(ofStage stage: Int) -> Int {
        let rank = placement.rank(ofStage: stage)
        guard mirror(of: rank) != nil else { return 0 }
        var stages = [stage]
        if placement.stages(of: rank).first == stage {
            stages += placement.ranks.filter { mirror(of: $0) == rank }.flatMap { placement.stages(of: $0) }
        }
        return stages.reduce(0) { sum, stage in
            let copy = manifest.copyBytes(model, nodes: layout.stages[stage].nodes, optimizer.state.count)
            return sum.saturatingPlus(copy.saturatingTimes(2))
        }
    }
}

extension TrainingPlan {
    /// What each layer costs, in any unit: seconds where they were measured, else FLOPs.
    package func entryCosts() -> [Double] {
        let measured = StepCosts(manifest, model, optimizer.state.count, .standard)
        if let layers = measured?.layers { return layers.map { $0.forward + $0.backward + $0.update } }
        let share = shareOfHead()
        return model.entries.map { max($0.cost.total * ($0.index == model.headEntry ? share : 1), 1) }
    }
}
