import Checkpoints
import Manifests
import Models
package import Planning
package import Runs
import Scheduling
import Stages
import Systems
package import Tensors
package import Transport

/// One rank's part of a run, from the memory of its stages to its goodbye. The calling thread computes: it is the only one
/// of a process, or one of several (`Launcher`).
package struct WorkerRun {
    let plan: TrainingPlan
    let rank: Int
    let endpoint: WorkerEndpoint
    let keeper: (any StateKeeper)?
    private let luggage: Luggage?
    private let say: @Sendable (String) -> Void

    /// - Parameters:
    ///   - endpoint: started; it is closed when `run` returns.
    ///   - keeper: where the state lies that the steps begin with, and will lie; nil: they begin at the beginning.
    ///   - luggage: what a worker of another epoch has brought; nil: it is the first.
    ///   - say: told what the worker waits for.
    package init(
        _ plan: TrainingPlan, rank: Int, endpoint: WorkerEndpoint, keeper: (any StateKeeper)? = nil,
        luggage: Luggage? = nil, say: @escaping @Sendable (String) -> Void
    ) {
        self.keeper = keeper
        self.luggage = luggage
        self.plan = plan
        self.rank = rank
        self.endpoint = endpoint
        self.say = say
    }

    /// What the endpoint of a rank has to know, but for how it proves to belong to the run.
    package static func configuration(
        _ plan: TrainingPlan, rank: Int, coordinator: String, digest: RunDigest
    ) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            rank: rank, coordinator: coordinator, digest: digest, links: MessagePort.links(of: rank, plan))
        // Often enough for a failure's message to name the instruction that a worker was at.
        configuration.heartbeat = .milliseconds(200)
        configuration.spinTime = plan.hasCoresToItself(rank: rank) ? .microseconds(500) : .zero
        return configuration
    }

    /// - Parameter backend: makes the device's, on the calling thread.
    /// - Returns: where the worker goes over to, and with what; nil: the run is done.
    /// - Throws: `RunFailure`; the coordinator has been told.
    @discardableResult
    package func run(on backend: () throws -> any Backend) throws(RunFailure) -> (seat: Seat, luggage: Luggage)? {
        var parts: Parts?
        // What was sent is read where it lies until the endpoint is closed: the memory outlives that.
        defer { withExtendedLifetime(parts) {} }
        let orders = try endpoint.serve(goesOver: plan.movesStates) {
            let prepared = try prepare(on: try backend())
            parts = prepared
            try work(prepared)
        }
        guard let orders else { return nil }
        // One that was still preparing brings what it came with.
        return (try Seat(orders), parts?.runner.packed ?? luggage ?? Luggage())
    }

    /// What a worker is made of.
    struct Parts {
        let executors: [StageExecutor]
        let feed: DataFeed?
        let port: MessagePort
        let runner: RankRunner
    }

    private func prepare(on backend: any Backend) throws -> Parts {
        let stages = plan.placement.stages(of: rank)
        var executors: [Int: StageExecutor] = [:]
        var parameters: [Int: StageParameters] = [:]
        let graphs = try plan.graphs(ofShard: plan.shard(of: rank))
        let port = MessagePort(plan, rank: rank, endpoint: endpoint, on: backend)
        let group = try ShardGroup(plan, rank: rank, port: port, on: backend)
        for stage in stages {
            let executor = try StageExecutor(
                model: graphs[graphs.count - 1], shorter: graphs.dropLast(), layout: plan.layout, stage: stage,
                slots: plan.slotCount(ofStage: stage),
                deferredSlots: plan.lowered.deferredCount[stage],
                microBatches: plan.manifest.batch.microBatches, firstMicroBatch: plan.firstMicroBatch(of: rank),
                lanes: plan.lanesPerReplica, micro: plan.manifest.batch.micro, seed: plan.manifest.seed,
                splitsBackward: plan.lowered.splitsBackward(stage: stage),
                recomputation: plan.recomputation, owned: plan.ownedElements(ofStage: stage, rank: rank),
                isTraining: plan.isTraining, group: group, on: backend)
            endpoint.updateStatus { $0.progress &+= 1 }
            executors[stage] = executor
            if plan.isTraining {
                parameters[stage] = try StageParameters(
                    executor, optimizer: plan.optimizer, rules: plan.rules, keepsCopies: plan.speculates)
            }
        }
        let feed = try executors[0].map {
            try DataFeed(
                TrainingData(plan), heldOut: HeldOutData(plan), plan, first: plan.firstMicroBatch(of: rank), graphs,
                executor: $0)
        }
        let runner = try RankRunner(
            plan, rank: rank, executors: executors, parameters: parameters, feed: feed, port: port, group: group,
            on: backend)
        if let checkpoint = plan.checkpoint {
            runner.saver = try StepSaver(
                plan, rank: rank, parameters, endpoint, isRepeated: checkpoint.every != nil,
                gather: try gathering(runner, parameters, group))
        }
        runner.mirror = StateMirror(plan, rank: rank, stages.compactMap { parameters[$0]?.state }, port)
        return Parts(executors: stages.compactMap { executors[$0] }, feed: feed, port: port, runner: runner)
    }

    /// How what several workers have of a stage's state comes together, where the first one's checkpoints have all of it.
    private func gathering(
        _ runner: RankRunner, _ parameters: [Int: StageParameters], _ group: ShardGroup?
    ) throws -> ((StateSnapshot, Int) throws -> Void)? {
        if plan.sharesMasters, let exchange = runner.replicas {
            return { try exchange.gatherMasters(into: $0, behind: $1) }
        }
        guard let group, plan.placement.replica(of: rank) == 0 else { return nil }
        let slices = try (0..<group.shard.count).map { try plan.model(ofShard: $0).slices }
        let kept = parameters.keys.sorted().compactMap { parameters[$0]?.state }.map { state in
            (state, state.tensors.filter { $0.slice != nil && StageFile.keeps($0, plan, replica: 0) })
        }
        return { copy, step in
            for (state, tensors) in kept {
                for tensor in tensors { try group.gather(tensor, of: state, slices, into: copy, behind: step) }
            }
        }
    }

    private func work(_ parts: Parts) throws {
        defer { parts.feed?.stop() }
        try endpoint.awaitGo(say: say)
        Interrupts.begin()
        if let luggage { parts.port.tell(.kept(try luggage.report())) }
        guard case .begin(let steps, let path, let origin, let rewound) = try parts.port.listen() else {
            throw RunFailure(.bug, "the coordinator did not say what to begin with")
        }
        // Opened before the first step: that the file cannot be written must not be found after the last.
        let writer = try path.map { try openWeights($0) }
        let evaluates = try fill(parts, steps, origin, luggage)
        if let rewound { try parts.runner.goBack(rewound, last: steps.upperBound) }
        let ending = try parts.runner.run(steps, evaluatesFirst: evaluates)
        parts.runner.saver?.finish()
        var written = 0
        switch ending {
        case .stopped: break
        case .moves: parts.runner.pack()
        case .done:
            try keep(parts.runner)
            written = try save(parts, writer)
        case .diverged(let step, let tensor):
            parts.port.tell(.diverged(step: step, tensor))
            written = try save(parts, writer)
        }
        parts.port.tell(.weightsWritten(bytes: written))
        guard case .leave = try parts.port.listen() else {
            throw RunFailure(.bug, "the coordinator did not end the run")
        }
    }

    /// The weights, of a run that ends.
    private func save(_ parts: Parts, _ writer: SafetensorsWriter?) throws -> Int {
        try writer.map { try parts.runner.save(to: $0) } ?? 0
    }

    /// The file to which all workers write, each its part.
    private func openWeights(_ path: String) throws -> SafetensorsWriter {
        do throws(CheckpointError) {
            return try SafetensorsWriter(partialPath: path, layout: try plan.weightsLayout())
        } catch {
            guard plan.placement.host(of: rank) != .coordinator else { throw error }
            let failure = RunFailure(wrapping: error)
            throw RunFailure(
                failure.code,
                "worker \(rank), on \(endpoint.configuration.host): \(failure.message); it writes its part of the weights "
                    + "there: the run directory has to be one folder under one path on all machines")
        }
    }
}
