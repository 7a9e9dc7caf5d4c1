import Manifests
import Models
import Planning
import Scheduling
import Stages

/// Sums that one tree adds, whoever computes them.
extension RankRunner {
    /// A node's gradients hold another micro-batch: where that is the last of a lane, or of the step, what follows.
    func finished(_ local: Int, of instruction: Instruction) throws {
        let lanes = plan.lanesPerReplica
        let (lane, place) = instruction.microBatch.quotientAndRemainder(
            dividingBy: plan.manifest.batch.microBatches / lanes)
        guard place + 1 == plan.manifest.batch.microBatches / lanes else { return }
        if lanes > 1 { executors[instruction.stage]?.finishLane(lane, of: lanes, node: local) }
        guard lane + 1 == lanes, probe == nil else { return }
        try replicas?.finished(stage: instruction.stage, node: local)
    }

    /// Of each lane, on the last stage.
    func lossSums() -> [Double] {
        let count = plan.manifest.batch.microBatches / plan.lanesPerReplica
        return plan.placement.stages(of: rank).flatMap { stage in
            (0..<plan.lanesPerReplica).compactMap {
                executors[stage]?.lossSum(microBatches: $0 * count..<($0 + 1) * count)
            }
        }
    }
}
