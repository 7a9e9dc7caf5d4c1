import Foundation
import Glibc
public import Manifests
import Planning
public import Runs
import Systems
import Transport
import Workers

/// Starts the workers of a run, watches them, gathers what they report, and sees every one of them end.
public final class Coordinator {
    public enum Output: Sendable { case progress, json, quiet }

    public struct Options: Sendable {
        public var runDirectory: String?
        /// Where workers started by hand connect; nil: any free port.
        public var port: UInt16?
        public var output: Output
        /// Where to serve a live page, as `DashboardAddress` reads it; nil: nowhere.
        public var dashboard: String?

        public init(
            runDirectory: String? = nil, port: UInt16? = nil, output: Output = .progress, dashboard: String? = nil
        ) {
            self.runDirectory = runDirectory
            self.port = port
            self.output = output
            self.dashboard = dashboard
        }
    }

    /// Runs a pipeline from beginning to end. Returns when the run is done and nothing of it is left but its directory.
    /// - Throws: a user's mistake before any work starts; a lost worker or an interrupt afterwards.
    public static func train(_ manifest: PipelineManifest, _ options: Options) throws(RunFailure) {
        let plan = try TrainingPlan(manifest)
        try Preflight.check(plan)
        try DescriptorCheck.run(plan)
        Interrupts.catchAll()
        let dashboard = try options.dashboard.map { address throws(RunFailure) in
            try DashboardChild(address: address)
        }
        defer { dashboard?.close() }
        let coordinator = try Coordinator(plan, options)
        if let dashboard {
            dashboard.follow(coordinator.record.directory)
            coordinator.display.note("live page: \(dashboard.url)")
        }
        try coordinator.run()
    }

    private let plan: TrainingPlan
    private let record: RunRecord
    private let display: RunDisplay
    private let server: ControlServer
    private let pool: WorkerPool
    private var watch: RunWatch
    private var clock = ListeningClock()
    private var board: LiveBoard
    private var steps: StepAssembly
    private var gate: UpdateGate?
    private var divergence = Divergence()
    private var bytesWritten = 0
    private var finished: Set<Int> = []
    private var left: Set<Int> = []

    private init(_ plan: TrainingPlan, _ options: Options) throws(RunFailure) {
        self.plan = plan
        steps = StepAssembly(plan)
        gate = plan.gate.map { UpdateGate(rankCount: plan.rankCount, $0) }
        watch = RunWatch(plan)
        pool = try WorkerPool()
        let display = try RunDisplay(plan, options.output)
        self.display = display
        // All that may be refused comes before the run's folder: what is refused leaves none.
        server = try Self.listen(plan, options)
        do throws(RunFailure) {
            record = try RunRecord(plan, directory: options.runDirectory) { display.note($0) }
        } catch {
            server.close()
            throw error
        }
        board = LiveBoard(plan, directory: record.directory)
    }

    private static func listen(_ plan: TrainingPlan, _ options: Options) throws(RunFailure) -> ControlServer {
        do {
            var contents = ContentHashes()
            let digests = try (0..<plan.rankCount).map { rank in try plan.digest(of: rank, &contents) }
            var configuration = ControlServer.Configuration(digests: digests)
            configuration.socketParent = try ScratchFolder.parentForSockets()
            if options.port != nil || !plan.manifest.byHand.isEmpty {
                configuration.tcpAddress = "tcp://127.0.0.1:\(options.port ?? 0)"
            }
            if !plan.manifest.byHand.isEmpty { configuration.startTimeout = .seconds(3600) }
            return try ControlServer(configuration)
        } catch TransportError.system(_, code: EADDRINUSE) {
            throw .badInput("--port \(options.port ?? 0) is taken: choose another, or leave it out for any free one")
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    private func run() throws(RunFailure) {
        defer {
            pool.endAll()
            server.close()
            SecretFile.remove(secretPath)
        }
        do {
            try startWorkers()
            while left.count < plan.rankCount {
                try listen(for: .milliseconds(50))
                for (rank, ending) in pool.reap() { ended(rank, ending) }
                try checkHealth()
                board.refresh()
            }
            let failure = divergence.failure(plan, directory: record.directory)
            board.enter(failure == nil ? .done : .failed)
            display.reporting(loggedBytes: record.loggedBytes)
            let report = try record.finish(bytesWritten: bytesWritten)
            for missing in record.missing { display.note(missing) }
            if let failure { throw failure }
            if plan.manifest.onNaN == .skip, let skipped = divergence.skippedText { display.note(skipped) }
            display.finish(report, isComplete: record.isComplete)
        } catch {
            board.enter(.failed)
            display.endEarly()
            try? server.abort("the run ended")
            throw RunFailure(wrapping: error)
        }
        pool.endAll()
        try display.end()
    }

    private var secretPath: String { SecretFile.path(besides: record.directory.manifestPath) }

    private func startWorkers() throws {
        if let note = record.note { display.note(note) }
        display.begin(directory: record.directory.path)
        for (rank, device) in plan.manifest.devices.enumerated() where !plan.manifest.byHand.contains(rank) {
            try pool.start(
                rank: rank, coordinator: server.ipcAddress, directory: record.directory, threads: device.threads,
                secret: server.configuration.secret)
            // Handshakes wait for it, and those that waited for 5 s would fail.
            try listen(for: .zero)
        }
        guard !plan.manifest.byHand.isEmpty else { return }
        try SecretFile.write(server.configuration.secret, to: secretPath)
        for rank in plan.manifest.byHand {
            display.askFor(rank: rank, address: server.tcpAddress ?? server.ipcAddress)
        }
    }

    // MARK: Events

    private func listen(for time: Duration) throws {
        let events = try server.poll(timeout: time)
        clock.tick(at: MonotonicClock.now)
        for event in events { try handle(event) }
    }

    /// A worker that was told to leave may be gone before its goodbye is read.
    private func ended(_ rank: Int, _ ending: ChildProcess.Ending) {
        if finished.count == plan.rankCount, ending == .exited(0) {
            left.insert(rank)
        } else {
            watch.ended(rank, ending, now: clock.now)
        }
    }

    private func handle(_ event: ControlEvent) throws {
        switch event {
        case .registered(let rank, _, let host):
            record.register(rank: rank, host: host)
            watch.heard(rank, now: clock.now)
            display.registered(rank)
        case .refused(let reason): display.note(reason)
        case .connecting: break
        case .go:
            watch.begin()
            board.enter(.running)
            let path = try record.weightsDraftPath.map { path throws(SystemError) in try File.absolute(path) }
            for rank in 0..<plan.rankCount { try tell(rank, .begin(weightsFile: path)) }
        case .status(let rank, let status):
            watch.heard(rank, status, now: clock.now)
            board.heard(rank, status)
        case .clock(let rank, let sample):
            let reading = ClockReading(own: sample.worker, coordinator: sample.coordinator, error: sample.error)
            steps.add(reading, rank: rank)
            record.append(reading, rank: rank)
        case .message(let rank, let bytes):
            watch.heard(rank, now: clock.now)
            try handle(try WorkerMessage(bytes, from: rank), from: rank)
        case .failed(let rank, let code, let text):
            watch.failed(rank, WireCode.decode(code, text), now: clock.now)
        case .goodbye(let rank):
            left.insert(rank)
            watch.left(rank)
        case .gone(let rank):
            guard !left.contains(rank) else { return }
            watch.gone(rank, isByHand: plan.manifest.byHand.contains(rank), now: clock.now)
        }
    }

    private func handle(_ message: WorkerMessage, from rank: Int) throws {
        switch message {
        case .gradientSquares(let step, let squares, let isFinite):
            let sum = steps.add(squares: squares, step: step, rank: rank)
            let answers = gate?.add(rank: rank, step: step, isFinite: isFinite, sum: sum) ?? []
            for answer in answers { try tell(answer.rank, answer.message) }
        case .diverged(let step, let tensor): divergence.add(step: step, tensor)
        case .step(let part):
            guard let metrics = steps.add(part, rank: rank) else { return }
            watch.finishedStep(seconds: metrics.stepS)
            board.finished(metrics, bubbles: steps.rankBubbles)
            divergence.finished(metrics)
            record.append(metrics)
            display.show(metrics, durations: steps.durations)
        case .events(let chunk): record.append(events: chunk, rank: rank)
        case .weightsWritten(let bytes):
            guard finished.insert(rank).inserted else { return }
            bytesWritten += bytes
            if finished.count == plan.rankCount {
                for rank in 0..<plan.rankCount { try tell(rank, .leave) }
            }
        }
    }

    private func tell(_ rank: Int, _ message: CoordinatorMessage) throws {
        try server.sendApplication(message.encoded(), to: rank)
    }

    // MARK: Health

    private func checkHealth() throws(RunFailure) {
        pool.pauseIfAsked()
        if Interrupts.count > 0 { throw interrupted() }
        if let failure = watch.verdict(now: clock.now) {
            throw explain(failure)
        }
    }

    private func interrupted() -> RunFailure {
        if Interrupts.count > 1 { pool.endAll(grace: 0) }
        let steps = steps.finishedSteps
        return RunFailure(
            .interrupted,
            "interrupted after \(steps) of \(plan.manifest.steps) steps; all workers are stopped, no weights were written"
        )
    }

    private func explain(_ verdict: RunWatch.Verdict) -> RunFailure {
        guard let rank = verdict.rank else { return verdict.failure }
        var failure = verdict.failure
        let log = record.directory.logPath(rank: rank)
        if failure.code == .bug || failure.code == .interrupted, let tail = LogTail.read(log) {
            failure.message += "\nits log, \(log), ends:\n\(tail)"
        }
        return failure
    }
}
