import Datasets
import Manifests
import Models
import Optimizers
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// Interprets one rank's program, step after step, on the compute thread.
///
/// It holds no schedule logic: the lowered program says what to receive, compute and send, and in which slot.
final class RankRunner {
    let plan: TrainingPlan
    let rank: Int
    let backend: any Backend
    let port: MessagePort
    let executors: [Int: StageExecutor]
    var parameters: [Int: StageParameters]
    let feed: DataFeed?
    let messageTensors: MessageTensors
    private let ties: TieExchange
    /// nil where there is one replica.
    let replicas: ReplicaExchange?
    /// nil where no layers are shared.
    let group: ShardGroup?
    /// Where samples share rows.
    let documents: DocumentLists?
    let faults: SimulatedFaults
    /// A step's, but while the rank evaluates.
    var walk: ProgramWalk
    /// nil where the run evaluates nothing.
    let evaluation: EvaluationPass?
    var recorder: EventRecorder
    private var peakMemory = PeakMemory()
    /// The same on every rank: all of them see the same global norm.
    var scaler: LossScaler?
    /// Steps in a row whose gradients were not finite.
    var skippedInRow = 0
    /// Steps that are done.
    var done = 0
    /// What of the data was left out.
    var rewound = Rewound()
    /// Writes checkpoints; nil where the run has no state to keep.
    var saver: StepSaver?
    var probe: FiniteProbe?
    /// Keeps copies of states; nil where the run does not.
    var mirror: StateMirror?
    /// States of the epoch before, until this one has begun; then that with which the run goes over to other cuts.
    var luggage: Luggage?
    /// nil where every update waits for the answer that decides it.
    var speculation: Speculation?
    /// What the next epoch may need.
    var packed: Luggage? { mirror?.luggage ?? luggage }

    init(
        _ plan: TrainingPlan, rank: Int, executors: [Int: StageExecutor], parameters: [Int: StageParameters],
        feed: DataFeed?, port: MessagePort, group: ShardGroup? = nil, on backend: any Backend
    ) throws(TensorError) {
        self.group = group
        self.plan = plan
        self.rank = rank
        self.backend = backend
        self.port = port
        self.executors = executors
        self.parameters = parameters
        self.feed = feed
        messageTensors = MessageTensors(plan, executors: executors, feed: feed)
        ties = try TieExchange(plan, rank: rank, executors: executors, on: backend)
        replicas = try ReplicaExchange(plan, rank: rank, executors: executors, port: port, on: backend)
        documents = plan.documents.map { DocumentLists($0) }
        faults = SimulatedFaults(plan.manifest)
        walk = ProgramWalk(plan.lowered, rank: rank, plan)
        evaluation = EvaluationPass(plan, rank: rank)
        scaler = plan.manifest.precision.lossScaler
        recorder = EventRecorder(capacity: 4 * walk.operations.count + 16, on: backend)
        speculation = Speculation(plan, rank: rank)
    }

    // MARK: Steps

    /// How a run's steps ended.
    enum Ending {
        case done
        /// The coordinator ended the run behind this step.
        case stopped(Int)
        /// The run goes on with other cuts behind this step.
        case moves(Int)
        /// The gradients or the loss of a step are not finite; the parameters are those of the step before.
        case diverged(step: Int, NonFiniteTensor?)
    }

    /// Runs these steps; the first one is `state.step`.
    /// - Parameter evaluatesFirst: whether the evaluation before the first of them is still to be made.
    func run(_ steps: Range<Int>, evaluatesFirst: Bool = false) throws -> Ending {
        precondition(steps.lowerBound == state.step, "steps \(steps) behind step \(state.step)")
        try mirror?.exchange(state)
        if steps.lowerBound == 0 || evaluatesFirst {
            try evaluateIfDue(behind: steps.lowerBound, since: MonotonicClock.now)
        }
        for step in steps {
            // A worker that waits for nobody would not notice that its run was ended.
            try port.requireRun()
            let end: UInt64
            switch try run(step: step) {
            case .ended(let time): end = time
            case .diverged(let step): return .diverged(step: step, try diagnose(step: step))
            }
            let word = try passBoundary(since: end)
            if word.moves { return .moves(done) }
            if word.ends { break }
        }
        return done == steps.upperBound ? .done : .stopped(done)
    }

    /// Copies the state for another epoch, where it is not copied behind each step.
    func pack() {
        guard mirror == nil else { return }
        let live = LiveState(parameters.values.map(\.state)) {
            plan.hasState && ($0.isTrained || !plan.keepsTrainedOnly)
        }
        let copy = StateSnapshot(sizes: live.sizes)
        copy.fill(from: live)
        copy.state = state
        luggage = Luggage(own: [copy], mirrored: [:])
    }

    /// All of this rank but its tensors, between two steps.
    var state: StepState {
        var state = StepState()
        state.step = done
        state.samples = (done + rewound.leftOut) * plan.manifest.batch.global
        state.updates = parameters.values.first?.updates ?? 0
        state.lossScale = scaler?.state
        state.skippedInRow = skippedInRow
        state.rewinds = rewound.count
        return state
    }

    /// Goes on behind that state's steps, with the data that follow.
    func restore(_ state: StepState, last: Int) throws {
        done = state.step
        for stage in parameters.keys { parameters[stage]?.updates = state.updates }
        scaler = plan.manifest.precision.lossScaler(state.lossScale)
        skippedInRow = state.skippedInRow
        rewound = try state.rewound(globalBatch: plan.manifest.batch.global)
        try read(state.step..<last)
    }

    private enum StepEnding {
        /// At this time.
        case ended(UInt64)
        /// This step, or the one before, has no update: its gradients or its loss are not finite.
        case diverged(step: Int)
    }

    private func run(step: Int) throws -> StepEnding {
        recorder.step = step
        let start = MonotonicClock.now
        replicas?.begin(step: step)
        group?.begin(step: step)
        setLossScale(scaler)
        var next = 0
        if let speculation, speculation.guess != nil {
            for index in 0..<speculation.headStart { try perform(index, step: step) }
            guard try settle(in: step, since: start) else { return .diverged(step: step - 1) }
            next = speculation.headStart
        }
        let lossScale = scaler?.scale
        for index in next..<walk.operations.count { try perform(index, step: step) }
        // Sums of tied gradients may still be on their way to other replicas.
        if !ties.isEmpty { try replicas?.settle() }
        try ties.run(step: step, port: port, recorder: &recorder)
        let rate = plan.learningRate.rate(step: step)
        let lossSums = self.lossSums()
        let decision = try decide(step: step, lossSums: lossSums)
        switch decision {
        case .stop: return .diverged(step: step)
        case .skip: break
        case .move(let scale): try update(step: step, learningRate: rate, gradientScale: scale)
        }
        try replicas?.settle()
        // They are needed once more where the update is taken back.
        if speculation?.guess == nil { zeroGradients() }
        done = step + 1
        if let mirror {
            let start = MonotonicClock.now
            try mirror.exchange(state)
            recorder.waited(.checkpoint, since: start)
        }
        recorder.settle()
        let end = MonotonicClock.now
        let part = WorkerMessage.StepPart(
            step: step, lossSums: lossSums, targetCount: feed.map { $0.step.targets }, learningRate: rate, start: start,
            end: end, busy: recorder.busy, lossScale: lossScale, isSkipped: decision == .skip,
            peakBytes: peakMemory.bytes(), work: feed?.work)
        reportEvents()
        if speculation?.guess != nil { speculation?.guess?.part = part } else { port.tell(.step(part)) }
        return .ended(end)
    }

    func setLossScale(_ scaler: LossScaler?) {
        for stage in executors.values { stage.lossScale = Float(scaler?.scale ?? 1) }
    }

    func zeroGradients() {
        recorder.work(.optimizer) { executors.values.forEach { $0.memory.zeroGradients(on: backend) } }
    }

    private func reportEvents() {
        var rest = recorder.events[...]
        while !rest.isEmpty {
            let (chunk, consumed) = EventLog.encode(rest)
            rest = rest.dropFirst(consumed)
            port.tell(.events(chunk), more: !rest.isEmpty || speculation?.guess == nil)
        }
        recorder.clear()
    }
}
