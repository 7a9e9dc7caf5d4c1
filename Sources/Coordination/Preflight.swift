import CPUDevices
import Checkpoints
import Glibc
package import Manifests
import Models
package import Planning
package import Runs
import Scheduling
package import Systems
import Tensors
import Workers

/// Everything a user can get wrong that the manifest alone does not show: found before anything is started or written.
package enum Preflight {
    /// - Parameter needsTargets: whether something must count in each step's loss.
    package static func check(_ plan: TrainingPlan, needsTargets: Bool = true) throws(RunFailure) {
        try checkDevices(plan.manifest)
        try checkFaults(plan)
        try plan.checkMemoryLimits()
        try checkMemory(plan, together: .together, each: .ofProcess)
        // Workers' environments name its kernels, whatever their devices are.
        do { try OpenBLASCore.load() } catch { throw RunFailure(wrapping: error) }
        let data = try TrainingData(plan)
        let heldOut = try HeldOutData(plan)
        try checkWeights(plan)
        try plan.checkAdapterWeights()
        try data.check(plan, needsTargets: needsTargets)
        try heldOut?.check(plan)
    }

    /// What a run needs at its end must be there before its first step: leave to make files where the run directory is
    /// or will be, and room for the weights.
    /// - Parameter path: as the user named it; nil: below `runs`.
    package static func checkPlace(_ path: String?, _ plan: TrainingPlan) throws(RunFailure) {
        // Workers are given absolute paths, and the system opens none of 4,096 bytes.
        if let length = try? File.absolute(path ?? "runs").utf8.count, length > longestPlace {
            throw .badInput(
                "the run directory's path has \(length) bytes, expected at most \(longestPlace): start from a folder "
                    + "that is nearer to the root, or choose another with --run-dir")
        }
        var folder = path ?? "runs"
        while !folder.isEmpty, !File.exists(folder) {
            folder = folder.dropLast().lastIndex(of: "/").map { String(folder[...$0]) } ?? "."
        }
        guard File.isFolder(folder) else { return }
        let name = (path ?? "runs").printable()
        guard access(folder, W_OK | X_OK) == 0 else {
            let error = SystemError("make files in", folder)
            throw .badInput("run directory \(name): \(error); choose another with --run-dir")
        }
        let needed: Int
        // The best weights so far are there while new ones are written.
        let copies = plan.manifest.evaluation?.keepsBest == true ? 3 : 1
        do {
            // A new checkpoint is written before an older one goes.
            let kept = plan.checkpoint?.every == nil ? 0 : plan.checkpointBytes.saturatingTimes(2)
            needed = try plan.weightsLayout().fileByteCount.saturatingTimes(copies).saturatingPlus(firstFilesBytes)
                .saturatingPlus(kept)
        } catch {
            throw .badInput(error)
        }
        guard plan.manifest.devices.allSatisfy({ $0.kind != .sim }) else { return }
        guard let free = try? File.freeBytes(at: folder), free < needed else { return }
        throw RunFailure(
            .interrupted,
            "run directory \(name): weights\(plan.checkpoint?.every == nil ? "" : ", checkpoints") and first files take \(needed.bytesText), its file system has "
                + "\(free.bytesText) free: make room, or choose another with --run-dir")
    }

    private static let longestPlace = 3900

    /// Manifest, description, and what metrics and events begin with.
    private static let firstFilesBytes = 1 << 16

    package static func checkDevices(_ manifest: PipelineManifest) throws(RunFailure) {
        let allowed = Cores.allowed
        for (key, devices) in [("devices", manifest.devices), ("spares", manifest.spares)] {
            for (index, device) in devices.enumerated() where device.kind == .cpu {
                // Its worker looks at its own host's cores.
                if key == "devices", manifest.hosts.indices.contains(index), manifest.hosts[index] != "" { continue }
                guard let missing = device.cores.first(where: { !allowed.contains($0) }) else { continue }
                let mark = manifest.marks["\(key).\(index)"] ?? manifest.marks[key]
                throw .badInput(
                    (mark.map { "\($0): " } ?? "") + "device \(device): this process has no core \(missing); "
                        + "expected some of \(allowed.map { "cpu:\($0)" }.joined(separator: ", "))")
            }
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

    /// What this machine's workers need must fit the memory that they may use: else the system would kill one of them in
    /// the middle, or refuse it memory.
    /// - Parameters:
    ///   - together: what all of them may take.
    ///   - each: what one of them may take.
    package static func checkMemory(
        _ plan: TrainingPlan, together: MemoryLimit, each: MemoryLimit? = nil
    ) throws(RunFailure) {
        var needed = 0
        let devices = plan.manifest.mark(of: "devices")
        for rank in plan.placement.ranks(on: .coordinator) where plan.device(of: rank).kind == .cpu {
            needed = needed.saturatingPlus(plan.memory(ofRank: rank))
        }
        guard needed <= together.bytes else {
            throw .badInput(
                "\(devices): the workers need \(needed.bytesText) of memory, there are \(together.bytes.bytesText) "
                    + "(\(together.source)): `echelon plan` shows where it goes")
        }
        guard let each else { return }
        for rank in plan.placement.ranks(on: .coordinator) {
            let needed = plan.memory(ofRank: rank)
            guard plan.device(of: rank).kind == .cpu, needed > each.bytes else { continue }
            throw .badInput(
                "\(devices): worker \(rank) needs \(needed.bytesText) of memory, a process may have "
                    + "\(each.bytes.bytesText) (\(each.source)): `echelon plan` shows where it goes")
        }
    }

    static func checkWeights(_ plan: TrainingPlan) throws(RunFailure) {
        do {
            try FirstWeights(plan.manifest)?.check(plan.model)
        } catch {
            throw .badInput((FirstWeights.mark(plan.manifest).map { "\($0): " } ?? "") + "\(error)")
        }
    }
}
