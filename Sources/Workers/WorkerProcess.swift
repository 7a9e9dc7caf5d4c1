import Checkpoints
import Foundation
import Glibc
public import Manifests
import Models
import Planning
public import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// The whole life of one worker process: join the run, compute every step, leave.
public enum WorkerProcess {
    public struct Options: Sendable {
        public var rank: Int
        public var coordinator: String
        /// Whether standard input ends when the coordinator does.
        public var hasLifeline: Bool
        /// The path that the manifest was read from: the run's secret lies beside it.
        public var pipeline: String
        /// Where else the secret is.
        public var secretFile: String?

        public init(
            rank: Int, coordinator: String, pipeline: String, secretFile: String? = nil, hasLifeline: Bool = false
        ) {
            self.rank = rank
            self.coordinator = coordinator
            self.pipeline = pipeline
            self.secretFile = secretFile
            self.hasLifeline = hasLifeline
        }
    }

    /// - Throws: `RunFailure`; the coordinator has been told.
    public static func run(_ manifest: PipelineManifest, _ options: Options) throws(RunFailure) {
        let plan = try TrainingPlan(manifest)
        guard (0..<plan.rankCount).contains(options.rank) else {
            throw .badInput(
                "--rank \(options.rank): the pipeline has \(plan.rankCount) devices, so ranks 0 to \(plan.rankCount - 1)"
            )
        }
        let device = manifest.devices[options.rank]
        try DescriptorCheck.worker(options.rank, plan)
        try WorkerEnvironment.prepare(threads: device.threads)
        TransportTuning.apply()
        let endpoint = try join(plan, options)
        var parts: Parts?
        // What was sent is read where it lies until the endpoint is closed: the memory outlives that.
        defer { withExtendedLifetime(parts) {} }
        do {
            let prepared = try prepare(plan, options.rank, endpoint)
            parts = prepared
            try work(plan, prepared, endpoint)
            try endpoint.close(goodbye: true)
        } catch {
            let failure = RunFailure(wrapping: error)
            endpoint.fail(code: WireCode.encode(failure.code, isConsequence: failure.isConsequence), failure.message)
            try? endpoint.close(goodbye: false)
            throw failure
        }
    }

    private static func join(_ plan: TrainingPlan, _ options: Options) throws(RunFailure) -> WorkerEndpoint {
        var configuration = WorkerConfiguration(
            rank: options.rank, coordinator: options.coordinator, digest: try plan.digest(of: options.rank),
            links: MessagePort.links(of: options.rank, plan))
        // Where to is the first thing that can be wrong.
        do { _ = try Address.resolve(options.coordinator) } catch { throw RunFailure(wrapping: error) }
        configuration.secret = try SecretFile.find(beside: options.pipeline, named: options.secretFile)
        configuration.note = say
        // Often enough for a failure's message to name the instruction that a worker was at.
        configuration.heartbeat = .milliseconds(200)
        configuration.spinTime = plan.hasCoresToItself(rank: options.rank) ? .microseconds(500) : .zero
        if options.hasLifeline {
            configuration.lifeline = STDIN_FILENO
        }
        configuration.onCoordinatorGone = { _exit(ExitCode.interrupted.rawValue) }
        let endpoint = WorkerEndpoint(configuration)
        do {
            try endpoint.start()
            return endpoint
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// On the terminal of whoever started it by hand, else in its log.
    @Sendable private static func say(_ text: String) {
        try? Console.write("echelon: \(text)\n", to: STDERR_FILENO)
    }

    /// What a worker is made of.
    private struct Parts {
        let executors: [StageExecutor]
        let feed: DataFeed?
        let port: MessagePort
        let runner: RankRunner
    }

    private static func prepare(_ plan: TrainingPlan, _ rank: Int, _ endpoint: WorkerEndpoint) throws -> Parts {
        let device = plan.manifest.devices[rank]
        let backend = try device.pinnedBackend(plan.manifest.simulation)
        let stages = plan.stages(of: rank)
        var executors: [Int: StageExecutor] = [:]
        var parameters: [Int: StageParameters] = [:]
        let weights = try plan.manifest.weights.map { path in try Weights(path: path) }
        for stage in stages {
            let executor = try StageExecutor(
                model: plan.model, layout: plan.layout, stage: stage, slots: plan.lowered.slotCount[stage],
                deferredSlots: plan.lowered.deferredCount[stage],
                microBatches: plan.manifest.batch.microBatches, micro: plan.manifest.batch.micro,
                seed: plan.manifest.seed, splitsBackward: plan.lowered.splitsBackward(stage: stage),
                recomputation: plan.recomputation, on: backend)
            endpoint.updateStatus { $0.progress &+= 1 }
            if let weights {
                try executor.loadParameters(weights)
            } else {
                executor.initialiseParameters(seed: plan.manifest.seed)
            }
            executors[stage] = executor
            parameters[stage] = try StageParameters(executor, optimizer: plan.optimizer)
        }
        let feed = try executors[0].map { try DataFeed(TrainingData(plan), plan, executor: $0) }
        let port = MessagePort(plan, endpoint: endpoint, on: backend)
        let runner = RankRunner(
            plan, rank: rank, executors: executors, parameters: parameters, feed: feed, port: port, on: backend)
        return Parts(executors: stages.compactMap { executors[$0] }, feed: feed, port: port, runner: runner)
    }

    private static func work(_ plan: TrainingPlan, _ parts: Parts, _ endpoint: WorkerEndpoint) throws {
        defer { parts.feed?.stop() }
        try endpoint.awaitGo(say: say)
        guard case .begin(let path) = try parts.port.listen() else {
            throw RunFailure(.bug, "the coordinator did not say where the weights go")
        }
        // Opened before the first step: that the file cannot be written must not be found after the last.
        let writer = try path.map { path throws(CheckpointError) in
            try SafetensorsWriter(partialPath: path, layout: try plan.weightsLayout())
        }
        if case .diverged(let step, let tensor) = try parts.runner.run() {
            parts.port.tell(.diverged(step: step, tensor))
        }
        let written = try writer.map { try write(parts.executors, to: $0, endpoint) }
        parts.port.tell(.weightsWritten(bytes: written ?? 0))
        guard case .leave = try parts.port.listen() else {
            throw RunFailure(.bug, "the coordinator did not end the run")
        }
    }

    /// Each tensor counts as progress.
    private static func write(
        _ executors: [StageExecutor], to writer: SafetensorsWriter, _ endpoint: WorkerEndpoint
    ) throws -> Int {
        endpoint.updateStatus {
            $0.phase = .saving
            $0.progress &+= 1
        }
        for executor in executors {
            try executor.saveParameters { name, bytes throws(CheckpointError) in
                try writer.write(name, bytes)
                endpoint.updateStatus { $0.progress &+= 1 }
            }
        }
        return try writer.finish()
    }
}
