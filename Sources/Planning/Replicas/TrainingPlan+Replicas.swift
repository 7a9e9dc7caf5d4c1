import Layers
import Manifests
package import Models
import Scheduling
import Tensors

/// How copies of the pipeline share out a step, and what they exchange.
extension TrainingPlan {
    /// Sums into which each replica adds its micro-batches; one tree adds those of all replicas.
    package var lanesPerReplica: Int { (manifest.lanes ?? manifest.replicas) / manifest.replicas }

    /// The first micro-batch of a rank's replica, counted over all replicas of a step.
    package func firstMicroBatch(of rank: Int) -> Int {
        placement.replica(of: rank) * manifest.batch.microBatches
    }

    /// The devices of a stage: `cpu:0, cpu:2 of node-a`, `sim:0, sim:1 … sim:63`.
    package func deviceText(ofStage stage: Int) -> String {
        let names = placement.ranks(ofStage: stage).map { place(of: $0) }
        guard names.count > 4 else { return names.joined(separator: ", ") }
        return "\(names[0]), \(names[1]) … \(names[names.count - 1])"
    }

    /// Whether ranks exchange gradients with other replicas.
    package var addsReplicas: Bool { isTraining && manifest.replicas > 1 }

    /// Whether replicas hand each other updated weights instead of gradients.
    package var sharesOptimizerState: Bool { addsReplicas && manifest.zero == .optimizerState }

    /// What replicas of a stage add, in the model's order.
    /// - Parameter model: a shard's, where there are several; nil: the first one's.
    package func gradientBlocks(ofStage stage: Int, _ model: ModelGraph? = nil) -> [GradientBlock] {
        (model ?? shardModel).gradientBlocks(nodes: layout.stages[stage].nodes, replicas: manifest.replicas)
    }

    /// Whether f32 masters of matrices are shared out with their moments: where layers compute with 16-bit copies.
    package var sharesMasters: Bool { sharesOptimizerState && manifest.precision != .f32 && hasState }

    /// Bytes of other replicas' blocks that a stage's rank holds while it adds them, and of those that wait for it.
    func exchangeBytes(ofStage stage: Int) -> Int {
        guard addsReplicas else { return 0 }
        // As many as `gradientBlocks`, which of a large model are too many to make only for their number.
        var (largest, count) = (0, 0)
        for node in shardModel.nodes[layout.stages[stage].nodes] {
            for (spec, isTrained) in zip(node.layer.parameters, node.trained) where isTrained {
                largest = max(largest, min(spec.shape.count, GradientBlock.mostElements))
                count += (spec.shape.count + GradientBlock.mostElements - 1) / GradientBlock.mostElements
            }
        }
        let waiting = min(count / manifest.replicas, Self.blockDepth)
        return largest.saturatingTimes(DType.f32.size * (manifest.replicas - 1) * (1 + waiting))
    }

    /// A rank's stages, in the order in which their gradients are whole.
    package func stagesInOrderOfLastPass(of rank: Int) -> [Int] {
        var last: [Int: Int] = [:]
        for (index, instruction) in schedule.ranks[placement.position(of: rank)].enumerated() {
            if instruction.pass == .backward || instruction.pass == .backwardWeight { last[instruction.stage] = index }
        }
        return last.sorted { $0.value < $1.value }.map(\.key)
    }

    /// Blocks that may lie on a link between replicas and not yet be taken.
    package static let blockDepth = 32

    /// What adding a rank's gradients to those of its other replicas takes.
    func replicaTime(of rank: Int, _ costs: StepCosts) -> ReplicaTime {
        let stages = stagesInOrderOfLastPass(of: rank)
        let nodes = stages.flatMap { Array(layout.stages[$0].nodes) }
        let elements = nodes.reduce(0) { sum, node in
            zip(shardModel.nodes[node].layer.parameters, shardModel.nodes[node].trained).reduce(sum) {
                $1.1 ? $0.saturatingPlus($1.0.shape.count) : $0
            }
        }
        let last = stages.last.map { costs.time(of: layout.stages[$0].entries) }
        let isSplit = stages.last.map { lowered.splitsBackward(stage: $0) } ?? false
        let pass = last.map { isSplit ? $0.backwardWeight : $0.backward } ?? 0
        return ReplicaTime(
            replicas: manifest.replicas, bytes: elements.saturatingTimes(DType.f32.size),
            layers: stages.last.map { layout.stages[$0].entries.count } ?? 1, lastPass: pass,
            returnsSums: !sharesOptimizerState,
            link: manifest.slowestLink(of: .replicas(position: placement.position(of: rank)), usual: costs.link),
            // The cores that compute carry the messages, too.
            isHidden: manifest.devices[0].kind != .cpu)
    }
}
