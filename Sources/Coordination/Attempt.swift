import Glibc
import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Transport
import Workers

/// One attempt at a run: starts its workers, watches them, gathers what they report, and sees every one of them end; or
/// has them go over to the next attempt, where that begins with what they have (`Succession`).
///
/// `ProfileRun` in Profiling does the same for processes that measure. Their loops differ in all that they decide: here
/// workers may be threads or be started by hand, steps are put together and written down, and a run that stands still
/// is a failure; there all ranks go from one measurement to the next together. They share the processes (`WorkerPool`),
/// the time that counts as listening (`ListeningClock`) and the choice of the cause of a failure (`FailureEvidence`).
final class Attempt {
    /// What an attempt leaves that went to its end.
    struct Outcome {
        var bytesWritten = 0
        var divergence = Divergence()
        /// The best evaluation, of a run that evaluates.
        var best: EvaluationMetrics?
        /// Steps that were done when the run was interrupted; nil: it was not.
        var stoppedAfter: Int?
        /// Where the run goes on with other cuts: the workers wait for them.
        var move: Move?
    }

    /// Other cuts, behind so many steps.
    struct Move {
        var step: Int
        /// By entry.
        var cuts: [Int]
    }

    /// Where an attempt begins.
    struct Start {
        var steps: Range<Int>
        /// The folder of the checkpoint to begin with.
        var folder: String?
        /// The best evaluation so far.
        var best: EvaluationMetrics?
        /// How it follows another attempt whose workers, or some of them, go on; nil: all workers are new.
        var succession: Succession?
        /// Of a run that moves layers.
        var recut: RecutWatch?
        /// Whether it ends behind its first step, with a checkpoint.
        var stops = false
        /// Of a run that went back: where it is in its data.
        var rewound: Rewound?
    }

    let plan: TrainingPlan
    let server: ControlServer
    let launcher: any Launcher
    let stop: StopRequest
    var watch: RunWatch
    var clock = ListeningClock()
    var steps: StepAssembly
    var gate: UpdateGate?
    var evaluation: EvaluationAssembly?
    var start = Start(steps: 0..<0)
    var words: StepWords?
    /// What is to come behind the steps in flight.
    var intent = StepWords.Intent.goesOn
    /// Cuts to go on with, by entry.
    var cuts: [Int]?
    var outcome = Outcome()
    var finished: Set<Int> = []
    private var left: Set<Int> = []
    /// What workers brought with them, by rank.
    var kept: [Int: KeptStates] = [:]
    /// Behind which steps the run was evaluated last.
    var evaluatedBehind: Int?
    /// Ranks whose workers are lost, of an attempt that failed.
    var lost: Set<Int> = []
    private var secretPath = ""
    private var hasEnded = false

    /// Listens for workers; nothing is started or written yet.
    /// - Parameter entrance: where workers started by hand connect.
    init(
        _ plan: TrainingPlan, _ launcher: any Launcher, _ entrance: HandEntrance, stop: StopRequest
    ) throws(RunFailure) {
        self.plan = plan
        self.stop = stop
        self.launcher = launcher
        server = try Self.listen(plan, launcher, entrance)
        self.steps = try StepAssembly(plan)
        gate = plan.gate.map { UpdateGate(rankCount: plan.placement.rankCount, $0) }
        evaluation = EvaluationAssembly(plan)
        watch = RunWatch(plan)
    }

    private static func listen(
        _ plan: TrainingPlan, _ launcher: any Launcher, _ entrance: HandEntrance
    ) throws(RunFailure) -> ControlServer {
        do {
            var contents = ContentHashes()
            let digests = try plan.placement.ranks.map { rank in try plan.digest(of: rank, &contents) }
            var configuration = ControlServer.Configuration(digests: digests)
            configuration.socketParent = try ScratchFolder.parentForSockets()
            configuration.tcpAddress = entrance.address
            configuration.keys = entrance.keys
            if let patience = entrance.patience { configuration.startTimeout = patience }
            return try launcher.listen(configuration)
        } catch TransportError.system(_, code: EADDRINUSE) {
            throw .badInput("--port \(entrance.port ?? 0) is taken: choose another, or leave it out for any free one")
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// The best evaluation so far.
    var best: EvaluationMetrics? { outcome.best }

    /// Has every worker that is left end, and stops listening. May be called again.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        if left.count < plan.placement.rankCount { try? server.abort("the run ended") }
        launcher.endAll(grace: 1)
        server.close()
        SecretFile.remove(secretPath)
    }

    /// Returns when all workers have left, or wait for other cuts. Call `end` afterwards, or `goOver`.
    /// - Throws: what ended it early.
    func run(_ journal: RunJournal, _ start: Start) throws(RunFailure) -> Outcome {
        self.start = start
        watch.begin(at: start.steps.lowerBound, now: clock.now)
        if let best = start.best {
            evaluation?.goOn(from: best)
            outcome.best = best
        }
        secretPath = SecretFile.path(besides: journal.directory.manifestPath)
        do {
            try startWorkers(journal)
            while !isOver || journal.record.steps?.isBusy == true {
                try listen(for: .milliseconds(50), journal)
                for (rank, ending) in launcher.reap() { ended(rank, ending) }
                try checkHealth(journal)
                try journal.noteCheckpoints()
                journal.refresh()
            }
            return outcome
        } catch {
            journal.record.steps?.close()
            throw RunFailure(wrapping: error)
        }
    }

    private var isOver: Bool {
        outcome.move == nil ? left.count == plan.placement.rankCount : finished.count == plan.placement.rankCount
    }

    private func startWorkers(_ journal: RunJournal) throws {
        let own = plan.placement.ranks.filter { plan.placement.host(of: $0) != .byHand }
        for rank in own where start.succession?.isNew(rank) != false {
            try launcher.start(rank: rank, server: server, directory: journal.directory)
            // Handshakes wait for it, and those that waited for 5 s would fail.
            try listen(for: .zero, journal)
        }
        let others = plan.placement.ranks(on: .byHand)
        guard !others.isEmpty else { return }
        let hasKeys = server.configuration.keys != nil
        if !hasKeys { try SecretFile.write(server.configuration.secret, to: secretPath) }
        for rank in others {
            journal.display.askFor(rank: rank, address: server.tcpAddress ?? server.ipcAddress, hasKeys: hasKeys)
        }
    }

    // MARK: Events

    private func listen(for time: Duration, _ journal: RunJournal) throws {
        let events = try server.poll(timeout: time)
        clock.tick(at: MonotonicClock.now)
        for event in events { try handle(event, journal) }
    }

    /// A worker that was told to leave may be gone before its goodbye is read.
    private func ended(_ rank: Int, _ ending: ChildProcess.Ending) {
        if finished.count == plan.placement.rankCount, ending == .exited(0) {
            left.insert(rank)
        } else {
            watch.ended(rank, ending, now: clock.now)
        }
    }

    private func handle(_ event: ControlEvent, _ journal: RunJournal) throws {
        switch event {
        case .registered(let rank, _, let host):
            watch.heard(rank, now: clock.now)
            journal.registered(rank, host: host)
        case .refused(let reason): journal.display.note(reason)
        case .connecting: break
        case .go:
            watch.begin()
            journal.enter(.running)
            if start.succession == nil { try begin(start.folder.map { .checkpoint(folder: $0) } ?? .first, journal) }
        case .status(let rank, let status):
            watch.heard(rank, status, now: clock.now)
            journal.heard(rank, status)
        case .clock(let rank, let sample):
            let reading = ClockReading(own: sample.worker, coordinator: sample.coordinator, error: sample.error)
            steps.add(reading, rank: rank)
            journal.record.append(reading, rank: rank)
        case .message(let rank, let bytes):
            watch.heard(rank, now: clock.now)
            try handle(try WorkerMessage(bytes, from: rank), from: rank, journal)
        case .failed(let rank, let code, let text):
            watch.failed(rank, WireCode.decode(code, text), now: clock.now)
        case .goodbye(let rank):
            left.insert(rank)
            watch.left(rank)
        case .gone(let rank):
            guard !left.contains(rank) else { return }
            watch.gone(rank, isDistant: plan.placement.host(of: rank) != .coordinator, now: clock.now)
        }
    }

    func tell(_ rank: Int, _ message: CoordinatorMessage) throws {
        try server.sendApplication(message.encoded(), to: rank)
    }
}
