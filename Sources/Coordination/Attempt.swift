import Glibc
import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Transport
import Workers

/// One attempt at a run: starts its workers, watches them, gathers what they report, and sees every one of them end.
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
    }

    /// Where an attempt begins.
    struct Start {
        var steps: Range<Int>
        /// The checkpoint to begin with.
        var point: ResumePoint?
    }

    let plan: TrainingPlan
    private let server: ControlServer
    let launcher: any Launcher
    let stop: StopRequest
    var watch: RunWatch
    var clock = ListeningClock()
    var steps: StepAssembly
    private var gate: UpdateGate?
    private var evaluation: EvaluationAssembly?
    var start = Start(steps: 0..<0)
    var words: StepWords?
    /// Whether the run ends behind the step in flight.
    var isStopping = false
    private var outcome = Outcome()
    private var finished: Set<Int> = []
    private var left: Set<Int> = []

    /// Listens for workers; nothing is started or written yet.
    /// - Parameter entrance: where workers started by hand connect.
    init(
        _ plan: TrainingPlan, _ mode: LaunchMode, _ entrance: HandEntrance, stop: StopRequest
    ) throws(RunFailure) {
        self.plan = plan
        self.stop = stop
        launcher = try mode.launcher(plan)
        server = try Self.listen(plan, launcher, entrance)
        self.steps = StepAssembly(plan)
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
            if !plan.placement.ranks(on: .byHand).isEmpty { configuration.startTimeout = .seconds(3600) }
            return try launcher.listen(configuration)
        } catch TransportError.system(_, code: EADDRINUSE) {
            throw .badInput("--port \(entrance.port ?? 0) is taken: choose another, or leave it out for any free one")
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// Of an attempt that does not run: stops listening.
    func close() { server.close() }

    /// Returns when all workers have left.
    /// - Throws: what ended it early; no worker is left then either.
    func run(_ journal: RunJournal, _ start: Start) throws(RunFailure) -> Outcome {
        self.start = start
        watch.begin(at: start.steps.lowerBound)
        if let best = start.point?.manifest.best { evaluation?.goOn(from: best.metrics) }
        let secretPath = SecretFile.path(besides: journal.directory.manifestPath)
        defer {
            launcher.endAll(grace: 1)
            server.close()
            SecretFile.remove(secretPath)
        }
        do {
            try startWorkers(journal, secretPath)
            while left.count < plan.placement.rankCount || journal.record.steps?.isBusy == true {
                try listen(for: .milliseconds(50), journal)
                for (rank, ending) in launcher.reap() { ended(rank, ending) }
                try checkHealth(journal)
                try journal.noteCheckpoints()
                journal.refresh()
            }
            return outcome
        } catch {
            journal.record.steps?.close()
            try? server.abort("the run ended")
            throw RunFailure(wrapping: error)
        }
    }

    private func startWorkers(_ journal: RunJournal, _ secretPath: String) throws {
        for rank in plan.placement.ranks(on: .coordinator) {
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
            let path = try journal.record.weightsDraftPath.map { path throws(SystemError) in try File.absolute(path) }
            let folder = start.point?.folder
            for rank in plan.placement.ranks {
                try tell(rank, .begin(steps: start.steps, weightsFile: path, resume: folder))
            }
            var words = StepWords(plan, start.steps, now: clock.now)
            let first = words.begin(now: clock.now)
            self.words = words
            try tell(first, journal)
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
            watch.gone(rank, isByHand: plan.placement.host(of: rank) == .byHand, now: clock.now)
        }
    }

    private func handle(_ message: WorkerMessage, from rank: Int, _ journal: RunJournal) throws {
        switch message {
        case .gradientSquares(let step, let squares, let isFinite):
            let sum = steps.add(squares: squares, step: step, rank: rank)
            let answers = gate?.add(rank: rank, step: step, isFinite: isFinite, sum: sum) ?? []
            if !answers.isEmpty {
                let next = words?.opening(step: step, now: clock.now, isStopping: isStopping) ?? []
                try tell(next, journal)
            }
            for answer in answers { try tell(answer.rank, answer.message) }
        case .diverged(let step, let tensor): outcome.divergence.add(step: step, tensor)
        case .step(let part):
            let next = words?.finished(step: part.step, now: clock.now, isStopping: isStopping) ?? []
            try tell(next, journal)
            guard let metrics = steps.add(part, rank: rank) else { return }
            watch.finishedStep(seconds: metrics.stepS)
            outcome.divergence.finished(metrics)
            journal.finished(metrics, steps)
        case .events(let chunk): journal.record.append(events: chunk, rank: rank)
        case .weightsWritten(let bytes):
            guard finished.insert(rank).inserted else { return }
            outcome.bytesWritten += bytes
            if finished.count == plan.placement.rankCount {
                for rank in plan.placement.ranks { try tell(rank, .leave) }
            }
        case .evaluated(let part): try evaluated(part, rank, journal)
        case .bestWritten(let step, let bytes):
            guard let all = evaluation?.add(written: bytes, rank: rank) else { return }
            journal.record.finishBest(bytesWritten: all)
            for rank in plan.placement.ranks { try tell(rank, .afterEvaluation(step: step, weightsFile: nil)) }
        case .saved(let part):
            journal.record.steps?.add(part, rank: rank, best: evaluation?.best(upTo: part.step))
        case .notSaved(let step, let reason): journal.record.steps?.fail(step, reason)
        }
    }

    /// Tells every rank what follows behind some steps.
    private func tell(_ words: [StepWords.Word], _ journal: RunJournal) throws {
        for word in words {
            let folder = word.saves ? journal.record.steps?.begin(word.step) : nil
            if folder != nil { steps.pause(behind: word.step) }
            if isStopping, word.ends, word.step < start.steps.upperBound { outcome.stoppedAfter = word.step }
            let message = CoordinatorMessage.word(BoundaryWord(step: word.step, folder: folder, ends: word.ends))
            for rank in plan.placement.ranks { try tell(rank, message) }
        }
    }

    private func evaluated(_ part: WorkerMessage.EvaluationPart, _ rank: Int, _ journal: RunJournal) throws {
        guard let metrics = evaluation?.add(part, rank: rank) else { return }
        outcome.best = evaluation?.best
        steps.pause()
        journal.finished(metrics)
        let keeps = evaluation?.keepsWeights(of: metrics) == true
        let path = keeps ? journal.record.beginBest() : nil
        for rank in plan.placement.ranks { try tell(rank, .afterEvaluation(step: part.step, weightsFile: path)) }
    }

    private func tell(_ rank: Int, _ message: CoordinatorMessage) throws {
        try server.sendApplication(message.encoded(), to: rank)
    }
}
