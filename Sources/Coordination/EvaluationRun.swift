import CPUDevices
import Glibc
package import Manifests
import Planning
package import Runs
import Scheduling
import Systems
import Tensors
import Transport
import Workers

/// The loss of a model on a pipeline's held-out data, and nothing else: forwards alone, over all of its stages, each a thread
/// of this process. It leaves nothing behind.
///
///     let metrics = try EvaluationRun(manifest).run()
package final class EvaluationRun {
    private let plan: TrainingPlan
    private var assembly: EvaluationAssembly?
    private var metrics: EvaluationMetrics?
    private var finished: Set<Int> = []
    private var left: Set<Int> = []

    /// - Parameter manifest: with `evaluation`; its steps are not run.
    /// - Throws: a user's mistake: data that do not fit the model, more memory than there is.
    package init(_ manifest: PipelineManifest) throws(RunFailure) {
        var plan = try TrainingPlan(manifest)
        plan.isTraining = false
        self.plan = plan
        assembly = EvaluationAssembly(plan)
        try Preflight.checkDevices(plan.manifest)
        try Preflight.checkMemory(plan, together: .together, each: .ofProcess)
        try Preflight.checkWeights(plan)
        try HeldOutData(plan)?.check(plan)
    }

    package func run() throws(RunFailure) -> EvaluationMetrics {
        do {
            let folder = try OwnedFolder("echelon-evaluate")
            defer { folder.remove() }
            try evaluate(RunDirectory(folder.path))
        } catch {
            throw RunFailure(wrapping: error)
        }
        guard let metrics else { throw RunFailure(.bug, "the workers left without a loss") }
        return metrics
    }

    /// - Parameter directory: has the workers' logs.
    private func evaluate(_ directory: RunDirectory) throws {
        Interrupts.catchAll()
        try File.makeFolder(directory.logsPath)
        let launcher = try ThreadLauncher(plan, nil) { device, plan throws(TensorError) in
            try device.pinnedBackend(plan.manifest, .thread)
        }
        var contents = ContentHashes()
        let digests = try plan.placement.ranks.map { rank in try plan.digest(of: rank, &contents) }
        let server = launcher.listen(ControlServer.Configuration(digests: digests))
        defer {
            launcher.endAll(grace: 1)
            server.close()
        }
        for rank in plan.placement.ranks { try launcher.start(rank: rank, server: server, directory: directory) }
        while left.count < plan.placement.rankCount {
            for event in try server.poll(timeout: .milliseconds(50)) { try handle(event, server) }
            for (rank, ending) in launcher.reap() { try ended(rank, ending) }
            launcher.pauseIfAsked()
            guard Interrupts.count == 0 else { throw RunFailure(.interrupted, "interrupted") }
        }
    }

    private func handle(_ event: ControlEvent, _ server: ControlServer) throws {
        switch event {
        case .go: try tellAll(.begin(steps: 0..<0, weightsFile: nil), server)
        case .message(let rank, let bytes): try handle(try WorkerMessage(bytes, from: rank), from: rank, server)
        case .failed(_, let code, let text): throw WireCode.decode(code, text)
        case .goodbye(let rank): left.insert(rank)
        case .refused, .registered, .connecting, .status, .clock, .gone: break
        }
    }

    private func handle(_ message: WorkerMessage, from rank: Int, _ server: ControlServer) throws {
        switch message {
        case .evaluated(let part):
            guard let all = assembly?.add(part, rank: rank) else { return }
            metrics = all
            try tellAll(.afterEvaluation(step: part.step, weightsFile: nil), server)
        case .weightsWritten:
            finished.insert(rank)
            if finished.count == plan.placement.rankCount { try tellAll(.leave, server) }
        case .step, .events, .gradientSquares, .diverged, .bestWritten, .saved, .notSaved, .kept:
            throw RunFailure(.bug, "worker \(rank) trains, though it was to evaluate")
        }
    }

    /// A worker that was told to leave may be gone before its goodbye is read.
    private func ended(_ rank: Int, _ ending: ChildProcess.Ending) throws(RunFailure) {
        guard finished.count == plan.placement.rankCount, ending == .exited(0) else {
            throw RunFailure(.interrupted, "worker \(rank) on \(plan.device(of: rank)) ended early")
        }
        left.insert(rank)
    }

    private func tellAll(_ message: CoordinatorMessage, _ server: ControlServer) throws {
        for rank in plan.placement.ranks { try server.sendApplication(message.encoded(), to: rank) }
    }
}
