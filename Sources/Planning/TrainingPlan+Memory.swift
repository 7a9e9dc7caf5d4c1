import Layers
import Manifests
import Models
import Optimizers
package import Runs
import Scheduling
import Tensors

extension TrainingPlan {
    /// Bytes that a stage takes on its device: parameters with gradients, optimizer state and 16-bit copies, the frames of
    /// all micro-batches in flight and what they defer, the transient arena. What no Int can count is `Int.max`.
    package func memory(ofStage stage: Int) -> (state: Int, activations: Int, transient: Int) {
        let program = StageProgram(
            model, layout, stage: stage, splitsBackward: lowered.splitsBackward(stage: stage),
            recomputation: recomputation,
            on: device(of: placement.rank(ofStage: stage)).backend(manifest.simulation))
        return (
            model.stateBytes(nodes: layout.stages[stage].nodes, optimizer.state.count),
            program.frameBytes.saturatingTimes(lowered.slotCount[stage])
                .saturatingPlus(program.deferredBytes.saturatingTimes(lowered.deferredCount[stage])),
            program.transientBytes
        )
    }

    /// Bytes that a rank takes: its stages and its process.
    package func memory(ofRank rank: Int) -> Int {
        placement.stages(of: rank).reduce(Self.processBytes) {
            let memory = memory(ofStage: $1)
            return $0.saturatingPlus(memory.state).saturatingPlus(memory.activations).saturatingPlus(memory.transient)
        }
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
