import Layers
package import Manifests
import Models
import Optimizers
package import Runs
import Scheduling
import Tensors

/// Bytes that a stage takes on its device. What no Int can count is `Int.max`.
package struct StageMemory: Hashable, Sendable {
    /// Of parameters with gradients, optimizer state, 16-bit copies, the copy that checkpoints are written from, and those of
    /// `mirror`.
    package var state: Int
    /// Of the frames of all micro-batches in flight, and what they defer.
    package var activations: Int
    /// Of the arena that all passes share.
    package var transient: Int

    /// Bytes of all three.
    package var total: Int { state.saturatingPlus(activations).saturatingPlus(transient) }
}

extension TrainingPlan {
    /// When the run's state is kept; nil where it has none, or is never to be.
    package var checkpoint: PipelineManifest.Checkpoint? {
        isTraining && manifest.devices.allSatisfy { $0.kind != .sim } ? manifest.checkpoint : nil
    }

    /// What a stage takes as it is planned.
    package func memory(ofStage stage: Int) -> StageMemory {
        let backend = device(of: placement.rank(ofStage: stage)).backend(manifest.simulation)
        guard isTraining else {
            let program = StageProgram(evaluating: shardModel, layout, stage: stage, on: backend)
            return StageMemory(
                state: shardModel.weightBytes(nodes: layout.stages[stage].nodes),
                activations: program.frameBytes.saturatingTimes(slotCount(ofStage: stage)),
                transient: program.transientBytes)
        }
        let program = StageProgram(
            shardModel, layout, stage: stage, splitsBackward: lowered.splitsBackward(stage: stage),
            recomputation: recomputation, on: backend)
        return StageMemory(
            state: manifest.stateBytes(shardModel, nodes: layout.stages[stage].nodes, optimizer.state.count)
                .saturatingPlus(mirrorBytes(ofStage: stage)).saturatingPlus(exchangeBytes(ofStage: stage)),
            activations: program.frameBytes.saturatingTimes(slotCount(ofStage: stage))
                .saturatingPlus(program.deferredBytes.saturatingTimes(lowered.deferredCount[stage])),
            transient: program.transientBytes.saturatingPlus(compressionBytes(ofStage: stage)))
    }

    /// Bytes that a rank takes: its stages and its process.
    package func memory(ofRank rank: Int) -> Int {
        placement.stages(of: rank).reduce(Self.processBytes) { $0.saturatingPlus(memory(ofStage: $1).total) }
    }

    /// Throws where a worker takes more than the manifest allows it, and says how much.
    package func checkMemoryLimits() throws(RunFailure) {
        guard let limits = manifest.memory else { return }
        for rank in placement.ranks {
            let limit = limits[placement.device(of: rank)]
            let needed = memory(ofRank: rank)
            guard needed > limit else { continue }
            let hint = isPlanned ? "" : "; partition: profile cuts as memory allows"
            throw .badInput(
                "\(manifest.mark(of: "memory")): device \(device(of: rank)) (rank \(rank)) needs "
                    + "\(needed.bytesText), \((needed - limit).bytesText) more than its limit of \(limit.bytesText)\(hint)"
            )
        }
    }

    /// What a worker process takes besides its tensors, as measured: 40 MiB where it computes nothing, 43 to 48 with what
    /// libraries copy operands into, ten more in f16.
    package static let processBytes = 46 << 20
}
