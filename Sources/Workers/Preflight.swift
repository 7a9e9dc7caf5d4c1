import Checkpoints
import Glibc
import Manifests
import Models
import Scheduling
import Tensors

/// Everything a user can get wrong that the manifest alone does not show: found before anything is started or written.
package enum Preflight {
    static func check(_ plan: TrainingPlan) throws(RunFailure) {
        try checkDevices(plan.manifest)
        try checkFaults(plan)
        try plan.checkMemoryLimits()
        try checkMemory(plan, physical: sysconf(Int32(_SC_PHYS_PAGES)).times(sysconf(Int32(_SC_PAGESIZE))))
        _ = try TrainingData(plan)
        try checkWeights(plan)
    }

    static func checkDevices(_ manifest: PipelineManifest) throws(RunFailure) {
        let allowed = Cores.allowed
        for (rank, device) in manifest.devices.enumerated() where device.kind == .cpu {
            guard let missing = device.cores.first(where: { !allowed.contains($0) }) else { continue }
            let mark = manifest.marks["devices.\(rank)"] ?? manifest.marks["devices"]
            throw .badInput(
                (mark.map { "\($0): " } ?? "") + "device \(device): this process has no core \(missing); "
                    + "expected some of \(allowed.map { "cpu:\($0)" }.joined(separator: ", "))")
        }
    }

    /// A fault that nothing passes by would change nothing.
    private static func checkFaults(_ plan: TrainingPlan) throws(RunFailure) {
        guard let slow = plan.manifest.simulation.link else { return }
        guard !plan.lowered.links.contains(where: { $0.from == slow.from && $0.to == slow.to }) else { return }
        let links = plan.lowered.links.map { "\($0.from) to \($0.to)" }.joined(separator: ", ")
        throw .badInput(
            "\(plan.manifest.mark(of: "sim.link")): no message goes from worker \(slow.from) to worker \(slow.to); "
                + "expected one of the links \(links)")
    }

    /// What this machine's workers need must fit its memory: else the system would kill one of them in the middle.
    /// - Parameter physical: bytes.
    package static func checkMemory(_ plan: TrainingPlan, physical: Int) throws(RunFailure) {
        var needed = 0
        for stage in plan.layout.stages.indices {
            let rank = plan.schedule.rankOfStage[stage]
            guard plan.manifest.devices[rank].kind == .cpu, !plan.manifest.byHand.contains(rank) else { continue }
            let memory = plan.memory(ofStage: stage)
            needed = needed.plus(memory.state).plus(memory.activations).plus(memory.transient)
        }
        guard needed <= physical else {
            throw .badInput(
                "\(plan.manifest.mark(of: "devices")): the workers need \(needed.bytesText) of memory, this machine has "
                    + "\(physical.bytesText): `echelon plan` shows where it goes")
        }
    }

    private static func checkWeights(_ plan: TrainingPlan) throws(RunFailure) {
        guard let path = plan.manifest.weights else { return }
        do {
            try Weights(path: path).check(plan.model.parameters.map { ($0.name, TensorSpec($0.shape)) })
        } catch {
            throw .badInput((plan.manifest.marks["weights"].map { "\($0): " } ?? "") + "\(error)")
        }
    }
}
